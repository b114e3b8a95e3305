import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { type Context, type Middleware, ServiceBroker } from "moleculer";
import { SseError, SseMiddleware } from "../../mixins/sse/index.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";

const good = { eventName: "news", sessionId: "alice", payload: 1 };
/** The same, as it leaves its node: with its id and its payload as JSON. */
const leaving = { eventName: "news", sessionId: "alice", json: "1", id: expect.any(String) };

/** A node that sends, and everything that left it as an `sse.send`. */
async function startSender(middleware = true): Promise<TestNode & { sent: unknown[] }> {
	const sent: unknown[] = [];
	const gateway = {
		name: "gateway",
		events: {
			"sse.send": (ctx: Context) => {
				sent.push(ctx.params);
			}
		}
	};
	const node = new TestNode({ middleware, services: [gateway] });
	await node.broker.start();
	return Object.assign(node, { sent });
}

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

const BAD: [what: string, event: unknown, field: string, problem: string][] = [
	["no event", undefined, "event", "takes an object"],
	["null", null, "event", "takes an object"],
	["text", "hello", "event", "takes an object"],
	["an array", [good], "event", "takes an object"],
	["nothing in it", {}, "eventName", "is missing"],
	["no eventName", { ...good, eventName: undefined }, "eventName", "is missing"],
	["an eventName that is null", { ...good, eventName: null }, "eventName", "takes a string"],
	["an eventName that is a number", { ...good, eventName: 7 }, "eventName", "takes a string"],
	["several eventNames", { ...good, eventName: ["a"] }, "eventName", "takes a string"],
	["an empty eventName", { ...good, eventName: "" }, "eventName", "is empty"],
	["a long eventName", { ...good, eventName: "n".repeat(129) }, "eventName", "is longer than 128"],
	["CR in eventName", { ...good, eventName: "a\rb" }, "eventName", "contains CR, LF or NUL"],
	["LF in eventName", { ...good, eventName: "a\ndata: 1" }, "eventName", "contains CR, LF or NUL"],
	["NUL in eventName", { ...good, eventName: "a\0" }, "eventName", "contains CR, LF or NUL"],
	["half a character", { ...good, eventName: "\ud83d" }, "eventName", "lone surrogate"],
	["a reserved eventName", { ...good, eventName: "sse.close" }, "eventName", "reserved"],
	["no sessionId", { ...good, sessionId: undefined }, "sessionId", "is missing"],
	["a sessionId that is null", { ...good, sessionId: null }, "sessionId", "is missing"],
	["an empty sessionId", { ...good, sessionId: "" }, "sessionId", "is empty"],
	[
		"a sessionId that is a fraction",
		{ ...good, sessionId: 4.2 },
		"sessionId",
		"not a whole number"
	],
	[
		"a sessionId that is NaN",
		{ ...good, sessionId: Number.NaN },
		"sessionId",
		"not a whole number"
	],
	["a sessionId that is -0", { ...good, sessionId: -0 }, "sessionId", 'text would be "0"'],
	["a sessionId past 2^53", { ...good, sessionId: 2 ** 53 }, "sessionId", "has lost digits"],
	["a sessionId that is a BigInt", { ...good, sessionId: 42n }, "sessionId", "String(id)"],
	["a sessionId that is false", { ...good, sessionId: false }, "sessionId", "takes a string"],
	["a sessionId that is an object", { ...good, sessionId: {} }, "sessionId", "takes a string"],
	["half a character in sessionId", { ...good, sessionId: "\ud83d" }, "sessionId", "surrogate"],
	["a long sessionId", { ...good, sessionId: "x".repeat(257) }, "sessionId", "is longer than 256"],
	[
		"a fraction among ids",
		{ ...good, sessionId: ["a", 7.5] },
		"sessionId[1]",
		"not a whole number"
	],
	["ids within ids", { ...good, sessionId: [["a"]] }, "sessionId[0]", "takes a string"],
	["a hole among ids", { ...good, sessionId: new Array(1) }, "sessionId[0]", "takes a string"],
	["an empty id among ids", { ...good, sessionId: ["a", ""] }, "sessionId[1]", "is empty"],
	["everyone among ids", { ...good, sessionId: ["a", "*"] }, "sessionId[1]", "addresses everyone"],
	["an unknown field", { ...good, session: "alice" }, "session", "is not a field of sse.send"],
	["a misspelt field", { ...good, eventname: "news" }, "eventname", "is not a field of sse.send"],
	["an id of its own", { ...good, id: "a.b.1" }, "id", "is given by SseMiddleware"],
	["no payload", { ...good, payload: undefined }, "payload", "is missing"],
	["a function as payload", { ...good, payload: () => 1 }, "payload", "it is a function"],
	["a symbol as payload", { ...good, payload: Symbol("x") }, "payload", "it is a symbol"],
	["a BigInt as payload", { ...good, payload: { n: 1n } }, "payload", "BigInt"],
	[
		"a getter that throws",
		Object.defineProperty({ ...good }, "payload", {
			enumerable: true,
			get() {
				throw new Error("not today");
			}
		}),
		"event",
		"not today"
	],
	["a cyclic payload", { ...good, payload: cyclic }, "payload", "circular"],
	["a payload whose toJSON throws", { ...good, payload: { toJSON: fail } }, "payload", "no JSON"],
	["a payload whose toJSON gives nothing", { ...good, payload: { toJSON() {} } }, "payload", "JSON"]
];

function fail(): never {
	throw new Error("there is no JSON of it");
}

describe("a bad event is refused where it was sent, with the field that is wrong", () => {
	it.each(BAD)("%s", async (_, event, field, problem) => {
		const node = await startSender();
		const error = await node.broker.broadcast("sse.send", event).then(
			() => undefined,
			(reason: unknown) => reason
		);
		await turn();

		expect(error).toBeInstanceOf(SseError);
		expect(error).toMatchObject({
			name: "SseError",
			type: "SSE_INVALID_EVENT",
			code: 422,
			retryable: false,
			data: { field },
			message: expect.stringContaining(problem)
		});
		expect(node.sent).toEqual([]);
		// a caller that awaits learns of it, so it need not be logged
		expect(node.log.at("error")).toEqual([]);
	});

	it.each([{ throwError: true }, { throwError: false }, {}])(
		"whatever the sender says about failures: %p",
		async options => {
			const node = await startSender();

			await expect(node.broker.broadcast("sse.send", {}, options)).rejects.toMatchObject({
				type: "SSE_INVALID_EVENT"
			});
		}
	);

	it("in an action, where it fails the action that awaits it", async () => {
		const orders = {
			name: "orders",
			actions: {
				place: async (ctx: Context) => {
					await ctx.broadcast("sse.send", { ...good, sessionId: undefined });
				},
				cancel: (ctx: Context) => ctx.broadcast("sse.send", { ...good, sessionId: undefined })
			}
		};
		const node = new TestNode({ services: [orders] });
		await node.broker.start();

		for (const action of ["orders.place", "orders.cancel"]) {
			await expect(node.broker.call(action)).rejects.toMatchObject({
				type: "SSE_INVALID_EVENT",
				data: { field: "sessionId" }
			});
		}
	});
});

describe("a bad event that nobody awaits", () => {
	it("is logged once, and is no unhandledRejection", async () => {
		const rejections = watchRejections();
		const node = await startSender();
		node.broker.broadcast("sse.send", { ...good, sessionId: undefined });

		expect(await rejections()).toEqual([]);
		expect(node.log.at("error")).toEqual([
			expect.stringMatching(/^SSE: an event was not sent: "sessionId" is missing.*field: 'sess/)
		]);
		expect(node.sent).toEqual([]);
	});

	it("is logged in an action too, and does not fail it", async () => {
		const rejections = watchRejections();
		const orders = {
			name: "orders",
			actions: {
				place(ctx: Context) {
					ctx.broadcast("sse.send", { ...good, eventName: "" });
					return "placed";
				}
			}
		};
		const node = new TestNode({ services: [orders] });
		await node.broker.start();

		expect(await node.broker.call("orders.place")).toBe("placed");
		expect(await rejections()).toEqual([]);
		expect(node.log.at("error")).toHaveLength(1);
	});

	type Sending = (sending: Promise<unknown>) => unknown;
	const ways: [how: string, watch: Sending][] = [
		["catch", sending => sending.catch(() => {})],
		["then", sending => sending.then(undefined, () => {})],
		[
			"await",
			async sending => {
				try {
					await sending;
				} catch {}
			}
		],
		["Promise.allSettled", sending => Promise.allSettled([sending])],
		["Promise.race", sending => Promise.race([sending]).catch(() => {})],
		["async iteration of promises", async sending => void (await Promise.allSettled([sending]))]
	];

	it.each(ways)("is not logged if it is awaited, with %s", async (_, watch) => {
		const rejections = watchRejections();
		const node = await startSender();
		watch(node.broker.broadcast("sse.send", {}));

		expect(await rejections()).toEqual([]);
		expect(node.log.at("error")).toEqual([]);
	});
});

describe("a good event", () => {
	it.each(["alice", ["alice", "bob"], "*", ["1"], "x".repeat(256)])(
		"leaves the node once, with its id: to %j",
		async sessionId => {
			const node = await startSender();
			await node.broker.broadcast("sse.send", { ...good, sessionId });

			expect(node.sent).toEqual([{ ...leaving, sessionId }]);
		}
	);

	it("reaches a stream from an action of another service", async () => {
		const orders = {
			name: "orders",
			actions: {
				place: (ctx: Context<{ sessionId: string }>) =>
					ctx.broadcast("sse.send", {
						eventName: "order-update",
						sessionId: ctx.params.sessionId,
						payload: { status: "paid" }
					})
			}
		};
		const gateway = await startGateway({ services: [orders] });
		const stream = await openStream(gateway.url("order-update"), { session: "alice" });
		await gateway.broker.call("orders.place", { sessionId: "alice" });

		expect((await stream.next("order-update")).data).toBe('{"status":"paid"}');
	});

	it("is not changed by being sent", async () => {
		const node = await startSender();
		const event = Object.freeze({ ...good, sessionId: Object.freeze(["alice"]) });
		await node.send(event);
		await node.send(event);

		expect(event).toEqual({ ...good, sessionId: ["alice"] });
		const ids = node.sent.map(sent => (sent as { id: string }).id);
		expect(new Set(ids).size).toBe(2);
	});
});

describe("an event for numbers", () => {
	it.each([
		[42, "42"],
		[-1, "-1"],
		[
			[1, "two", 3],
			["1", "two", "3"]
		]
	])("leaves the node for their decimal text: %j", async (sessionId, text) => {
		const node = await startSender();
		await node.send({ ...good, sessionId });

		expect(node.sent).toEqual([{ ...leaving, sessionId: text }]);
	});

	it.each([true, false])(
		"reaches the streams of that text, on gateways that older senders reach too: middleware %s",
		async middleware => {
			const gateway = await startGateway({ middleware });
			const stream = await openStream(gateway.url("news"), { session: "42" });
			const other = await openStream(gateway.url("news"), { session: "4" });
			await gateway.send({ ...good, sessionId: 42, payload: "one" });
			await gateway.send({ ...good, sessionId: [4.2e1, "none"], payload: "list" });
			await gateway.send({ ...good, sessionId: "42", payload: "text" });
			await stream.next("news", 3);

			expect(stream.received("news")).toEqual(["one", "list", "text"]);
			expect(other.received("news")).toEqual([]);
		}
	);
});

// A push to an article without followers was an error, and failed the action that published the article.
describe("an event for nobody", () => {
	it.each([{}, { throwError: true }, { throwError: false }])(
		"is sent to nobody, and fails nothing: %p",
		async options => {
			const articles = {
				name: "articles",
				actions: {
					publish: async (ctx: Context) => {
						await ctx.broadcast("sse.send", { ...good, sessionId: [] }, options);
						return "published";
					}
				}
			};
			const node = await startSender();
			node.broker.createService(articles);
			await node.broker.waitForServices("articles");

			expect(await node.broker.call("articles.publish")).toBe("published");
			expect(node.sent).toEqual([]);
			expect([...node.log.at("warn"), ...node.log.at("error")]).toEqual([]);
		}
	);

	it("uses up no number: to gateways a number that no event has is a lost event", async () => {
		const node = await startSender();
		for (const sessionId of ["alice", [], "alice"]) await node.send({ ...good, sessionId });

		const ids = node.sent.map(sent => (sent as { id: string }).id);
		expect(ids.map(id => id.split(".").at(-1))).toEqual(["1", "2"]);
	});

	it("is refused for anything else that is wrong with it", async () => {
		const node = await startSender();

		await expect(node.send({ ...good, sessionId: [], payload: cyclic })).rejects.toMatchObject({
			type: "SSE_INVALID_EVENT",
			data: { field: "payload" }
		});
	});

	it("is silently ignored by a gateway that it reaches", async () => {
		const gateway = await startGateway({ middleware: false });
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ ...good, sessionId: [] });
		await gateway.send({ ...good, payload: "next" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["next"]);
		expect(gateway.log.at("warn")).toEqual([]);
	});
});

describe("an event typed into the REPL", () => {
	const typed = { meta: { $repl: true } };

	it.each([
		[42, "42"],
		[0, "0"],
		[1e3, "1000"],
		[
			[1, "two", 3],
			["1", "two", "3"]
		]
	])("takes whole numbers as the text that was typed: %j", async (sessionId, text) => {
		const node = await startSender();
		await node.broker.broadcast("sse.send", { ...good, sessionId }, typed);

		expect(node.sent).toEqual([{ ...leaving, sessionId: text }]);
	});

	it.each([1.5, -0, 2 ** 53, Number.NaN, true])(
		"does not guess what was typed: %j",
		async sessionId => {
			const node = await startSender();
			const sending = node.broker.broadcast("sse.send", { ...good, sessionId }, typed);

			await expect(sending).rejects.toMatchObject({ data: { field: "sessionId" } });
		}
	);

	it("names the command that keeps text", async () => {
		const node = await startSender();
		const sending = node.broker.broadcast("sse.send", { ...good, sessionId: 1.5 }, typed);

		await expect(sending).rejects.toThrow('"sse send" keeps ids as text');
	});

	it("reaches a gateway whose senders have no middleware", async () => {
		const gateway = await startGateway({ middleware: false });
		const stream = await openStream(gateway.url("news"), { session: "42" });
		await gateway.broker.broadcast("sse.send", { ...good, sessionId: 42 }, typed);

		expect((await stream.next("news")).data).toBe("1");
	});
});

describe("emit, which would reach one gateway only", () => {
	it("is refused", async () => {
		const node = await startSender();

		await expect(node.broker.emit("sse.send", good)).rejects.toMatchObject({
			name: "SseError",
			type: "SSE_NOT_BROADCAST",
			message: expect.stringContaining("broadcast it")
		});
		expect(node.sent).toEqual([]);
	});

	// The line ended in "undefined": the data of an error that has none.
	it("is logged if nobody awaits it, and is no unhandledRejection", async () => {
		const rejections = watchRejections();
		const node = await startSender();
		node.broker.emit("sse.send", good);

		expect(await rejections()).toEqual([]);
		expect(node.log.at("error")).toEqual([expect.stringMatching(/emitted.*: broadcast it\.$/)]);
	});

	it("is refused in an action too", async () => {
		const orders = {
			name: "orders",
			actions: { place: (ctx: Context) => ctx.emit("sse.send", good) }
		};
		const node = new TestNode({ services: [orders] });
		await node.broker.start();

		await expect(node.broker.call("orders.place")).rejects.toMatchObject({
			type: "SSE_NOT_BROADCAST"
		});
	});
});

/** The ways in which a transporter fails to send. */
const FAILURES = {
	rejects: () => Promise.reject(new Error("no connection")),
	throws: () => {
		throw new Error("no connection");
	}
};
type Failure = keyof typeof FAILURES;
const HOW = Object.keys(FAILURES) as Failure[];

/** Its action is done when the event is sent. */
const shop = {
	name: "shop",
	actions: {
		async order(ctx: Context) {
			await ctx.broadcast("sse.send", good);
			return "placed";
		}
	}
};

describe("a sender whose bus cannot take the event", () => {
	/** A node that knows a gateway on another node, and cannot reach it. */
	async function startCutOff(namespace: string, how: Failure = "rejects"): Promise<TestNode> {
		const gateway = await startGateway({ broker: memberOf(namespace, "gateway") });
		const sender = new TestNode({ broker: memberOf(namespace, "sender"), services: [shop] });
		await sender.broker.start();
		await meet(gateway.broker, sender.broker);
		Object.assign(sender.broker.transit?.tx ?? {}, { send: FAILURES[how] });
		return sender;
	}

	// A transporter or a serializer that throws made `broadcast` throw, bypassing any `.catch` and whatever `throwError` said.
	it.each(HOW)("is told with throwError if its transporter %s", async how => {
		const sender = await startCutOff(`cut-off-1-${how}`, how);
		const sending = sender.broker.broadcast("sse.send", good, { throwError: true });

		await expect(sending).rejects.toThrow("no connection");
	});

	const close = { sessionId: "alice" };
	it.each([
		["sse.send", good],
		["sse.close", close]
	])("is told in the log if it does not await its %s with throwError", async (name, event) => {
		const rejections = watchRejections();
		const sender = await startCutOff(`cut-off-unawaited-${name}`);
		sender.broker.broadcast(name, event, { throwError: true });
		await eventually(() =>
			expect(sender.log.at("error")).toContainEqual(
				expect.stringMatching(`^SSE: "${name}" did not reach every node: no connection`)
			)
		);

		expect(await rejections()).toEqual([]);
		await expect(sender.broker.broadcast(name, event, { throwError: true })).rejects.toThrow(
			"no connection"
		);
	});

	it.each(HOW)("goes on without it if its transporter %s, and that is logged", async how => {
		const rejections = watchRejections();
		const sender = await startCutOff(`cut-off-2-${how}`, how);
		expect(await sender.broker.call("shop.order")).toBe("placed");

		expect(sender.log.at("error").join()).toContain("no connection");
		expect(await rejections()).toEqual([]);
	});
});

// An outage of an MQTT broker held up every action that awaits its events, for as long as the outage lasted: the transporter
// holds what it cannot send.
describe("a sender whose transporter holds what it cannot send", () => {
	async function startHeldUp(namespace: string): Promise<{ sender: TestNode; letGo(): void }> {
		const gateway = await startGateway({ broker: memberOf(namespace, "gateway") });
		const sender = new TestNode({ broker: memberOf(namespace, "sender"), services: [shop] });
		await sender.broker.start();
		await meet(gateway.broker, sender.broker);
		const kept = Promise.withResolvers<void>();
		onTestFinished(() => kept.resolve());
		Object.assign(sender.broker.transit?.tx ?? {}, { send: () => kept.promise });
		return { sender, letGo: kept.resolve };
	}

	it("does not wait for it", async () => {
		const { sender } = await startHeldUp("held-up-1");
		const placed = [];
		for (let order = 0; order < 3; order++) placed.push(await sender.broker.call("shop.order"));
		expect(placed).toEqual(["placed", "placed", "placed"]);
		await sender.broker.broadcast("sse.close", { sessionId: "alice" });
	});

	it("does with throwError", async () => {
		const { sender, letGo } = await startHeldUp("held-up-2");
		const ended = jest.fn();
		const sending = sender.broker.broadcast("sse.send", good, { throwError: true }).then(ended);
		// which has waited for longer than that one may
		await sender.broker.call("shop.order");
		expect(ended).not.toHaveBeenCalled();
		letGo();
		await sending;
	});
});

// NATS drops what is sent while its server is away: the promise resolved, with `throwError` too, and nothing was logged.
describe("a sender whose transporter silently drops what it cannot send", () => {
	async function startUnconnected(namespace: string): Promise<TestNode> {
		const gateway = await startGateway({ broker: memberOf(namespace, "gateway") });
		const sender = new TestNode({ broker: memberOf(namespace, "sender"), services: [shop] });
		await sender.broker.start();
		await meet(gateway.broker, sender.broker);
		const send = () => Promise.resolve();
		Object.assign(sender.broker.transit?.tx ?? {}, { channel: null, send });
		return sender;
	}

	it.each([
		["sse.send", good],
		["sse.close", { sessionId: "alice" }]
	])("is told with throwError: %s", async (name, event) => {
		const sender = await startUnconnected(`unconnected-${name}`);
		await expect(sender.broker.broadcast(name, event, { throwError: true })).rejects.toThrow(
			"the transporter is not connected"
		);
	});

	it("goes on without, which is logged once for many events", async () => {
		const sender = await startUnconnected("unconnected-log");
		for (let n = 0; n < 50; n++) expect(await sender.broker.call("shop.order")).toBe("placed");
		expect(sender.log.at("error").filter(line => line.includes("not connected"))).toHaveLength(1);
	});
});

describe("a broadcast that the next middleware makes throw", () => {
	const throwing = {
		broadcast: () => () => {
			throw new Error("no audit");
		}
	} as unknown as Middleware;

	it("rejects with throwError, and is logged without", async () => {
		const middlewares = [throwing, SseMiddleware()];
		const node = new TestNode({ middleware: false, broker: { middlewares }, services: [shop] });
		await node.broker.start();
		await expect(node.send(good)).rejects.toThrow("no audit");
		expect(await node.broker.call("shop.order")).toBe("placed");
		expect(node.log.at("error").join()).toContain('"sse.send" did not reach every node: no audit');
	});
});

// The failure was caught, and then `throwError` was read where nothing caught it.
describe("a broadcast whose throwError throws when it is read", () => {
	const bad = (fields: object = {}): object =>
		Object.defineProperty(fields, "throwError", {
			enumerable: true,
			get() {
				throw new Error("no option");
			}
		});

	it("does not throw into its caller, and is sent all the same", async () => {
		const node = await startSender();
		await node.broker.broadcast("sse.send", good, bad());
		expect(node.sent).toEqual([leaving]);
	});

	it("is logged if something else fails too", async () => {
		const node = await startSender();
		const options = Object.defineProperty(bad(), "meta", {
			get() {
				throw new Error("no meta");
			}
		});
		for (const name of ["sse.send", "sse.close"]) {
			await node.broker.broadcast(name, good, options);
			expect(node.log.at("error").join()).toContain(`"${name}" was not sent: no meta`);
		}
		expect(node.sent).toEqual([]);
	});
});

/** Metadata, as actions have it, that no serializer takes, or that throws when it is read. */
const BAD_META: readonly (readonly [what: string, make: () => object])[] = [
	["a BigInt", () => ({ user: { id: 12n } })],
	["a cycle", () => ({ request: cyclic })],
	["a toJSON that throws", () => ({ user: { toJSON: fail } })],
	["a getter that throws", () => Object.defineProperty({}, "user", { enumerable: true, get: fail })]
];

// `ctx.meta` goes into every packet. A user's BigInt id made a business action fail that only sent an event, or ended the
// process if a timer sent it; the event's number was used up, so that all pages were told to reload.
describe("a sender whose metadata cannot be sent", () => {
	/** A gateway, a sender on another node, and a service there that sends with such metadata. */
	async function start(namespace: string, onGateway: boolean, middlewares: Middleware[] = []) {
		let make: () => object = () => ({});
		const orders = {
			name: "orders",
			actions: {
				place(ctx: Context) {
					ctx.meta = make();
					const { name, event, options } = ctx.params as Record<string, never>;
					let answer: unknown;
					try {
						answer = ctx.broadcast(name as unknown as string, event, options);
					} catch (error) {
						return [`threw ${error}`];
					}
					return Promise.allSettled([answer]);
				}
			}
		};
		const gateway = await startGateway({ broker: memberOf(namespace, "gateway") });
		const broker = { ...memberOf(namespace, "sender"), middlewares };
		const setup = { broker, services: [orders] };
		const sender = onGateway ? await startGateway(setup) : new TestNode(setup);
		if (!onGateway) await sender.broker.start();
		await meet(gateway.broker, sender.broker);
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		return {
			gateway,
			sender,
			stream,
			/** The outcome of a broadcast in an action with that metadata. */
			place: async (meta: () => object, name: string, event: object, options: object) => {
				make = meta;
				const [end] = (await sender.broker.call("orders.place", { name, event, options })) as [
					PromiseSettledResult<unknown> | string
				];
				return typeof end === "string" ? end : end.status;
			}
		};
	}

	const EVENTS = { "sse.send": good, "sse.close": { sessionId: "bob" } };

	it.each(BAD_META)("is told only by its promise, or not at all: %s", async (what, meta) => {
		const rejections = watchRejections();
		const { place, sender } = await start(`meta-1-${what}`, false);
		for (const [name, event] of Object.entries(EVENTS)) {
			expect(await place(meta, name, event, { throwError: true })).toBe("rejected");
			expect(await place(meta, name, event, {})).toBe("fulfilled");
			expect(sender.log.at("error")).not.toEqual([]);
			// the broker's own, outside of an action
			const broadcast = (options: object) =>
				sender.broker.broadcast(name, event, { ...options, meta: meta() });
			await expect(broadcast({ throwError: true })).rejects.toBeInstanceOf(Error);
			await broadcast({});
		}
		expect(await rejections()).toEqual([]);
	});

	it.each(BAD_META)("uses up no id for what was sent to nobody: %s", async (what, meta) => {
		const { place, gateway, sender, stream } = await start(`meta-2-${what}`, false);
		await sender.send(good);
		for (let n = 0; n < 3; n++) await place(meta, "sse.send", good, {});
		await sender.send({ ...good, payload: "next" });
		await stream.next("news", 2);

		expect(stream.received("news")).toEqual([1, "next"]);
		expect(stream.received("sse.reset")).toEqual([]);
		expect(stream.events.at(-1)?.id).toMatch(/\.2$/);
		expect(gateway.log.at("warn")).toEqual([]);
	});

	/** Each ends what it wraps in a later turn. */
	const LATER = ["nothing", "localEvent", "broadcastLocal"].map(hook => {
		const wrap =
			(next: (...args: unknown[]) => unknown) =>
			async (...args: unknown[]) => {
				await turn();
				return next(...args);
			};
		const middlewares = hook === "nothing" ? [] : [{ name: "Later", [hook]: wrap } as Middleware];
		return [hook, middlewares] as const;
	});
	const UNWRITTEN = BAD_META.slice(0, -1).flatMap(([what, meta], index) =>
		LATER.filter(([hook]) => index === 0 || hook === "nothing").map(
			([hook, middlewares]) => [what, hook, meta, middlewares] as const
		)
	);

	// Whether its own node got it was judged from what had got it by the end of the call: behind a middleware that awaits
	// anything the number was given to the next event, which each gateway that had one of the two then dropped as a repeat.
	it.each(UNWRITTEN)(
		"still reaches its own node's streams, and the others are reset: %s (later: %s)",
		async (what, hook, meta, middlewares) => {
			const { place, sender, stream } = await start(`meta-3-${what}-${hook}`, true, middlewares);
			const own = await openStream((sender as TestGateway).url("news"), { session: "alice" });
			await sender.send({ ...good, payload: 0 });
			await place(meta, "sse.send", good, {});
			await sender.send({ ...good, payload: "next" });
			await Promise.all([own.next("news", 3), stream.next("news", 2)]);

			expect(own.received("news")).toEqual([0, 1, "next"]);
			expect(own.received("sse.reset")).toEqual([]);
			expect(stream.received("news")).toEqual([0, "next"]);
			expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
		}
	);

	it.each(LATER)(
		"revokes on its own node, and the others notice that they have missed it (later: %s)",
		async (hook, middlewares) => {
			const { place, sender, stream } = await start(`meta-4-${hook}`, true, middlewares);
			const own = await openStream((sender as TestGateway).url("news"), { session: "alice" });
			await sender.broker.broadcast("sse.close", { sessionId: "nobody" });
			const cycle = () => ({ request: cyclic });
			await place(cycle, "sse.close", { sessionId: "alice", reason: "banned" }, {});
			await sender.broker.broadcast("sse.close", { sessionId: "nobody" });

			expect(await own.end).toBe("ended");
			expect(own.received("sse.close")).toEqual([{ reason: "banned" }]);
			expect(await stream.end).toBe("ended");
			expect(stream.received("sse.close")).toEqual([{ reason: "timeout" }]);
		}
	);

	it("gives no id twice if another middleware sends it again without its metadata", async () => {
		const again = {
			name: "Again",
			broadcast:
				(next: (name: string, event: unknown, options: object) => Promise<unknown>) =>
				async (name: string, event: unknown, options: object) => {
					try {
						return await next(name, event, options);
					} catch {
						return next(name, event, {});
					}
				}
		} as unknown as Middleware;
		const gateway = await startGateway({ broker: memberOf("meta-5", "gateway") });
		const broker = { ...memberOf("meta-5", "sender"), middlewares: [again, SseMiddleware()] };
		const sender = new TestNode({ middleware: false, broker });
		await sender.broker.start();
		await meet(gateway.broker, sender.broker);
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await sender.send({ ...good, payload: 0 });
		const options = { throwError: true, meta: { request: cyclic } };
		const sending = sender.broker.broadcast("sse.send", good, options);
		await Promise.allSettled([sending, sender.send({ ...good, payload: "next" })]);
		await sender.send({ ...good, payload: "last" });
		await stream.next("news", 4);

		expect(new Set(stream.received("news"))).toEqual(new Set([0, 1, "next", "last"]));
		expect(stream.received("sse.reset")).toEqual([]);
	});
});

describe("an event that a transporter does not take", () => {
	async function start(namespace: string, error: Error) {
		const gateway = await startGateway({ broker: memberOf(namespace, "gateway") });
		const sender = new TestNode({ broker: memberOf(namespace, "sender") });
		await sender.broker.start();
		await meet(gateway.broker, sender.broker);
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await sender.send(good);
		const tx = sender.broker.transit?.tx as unknown as { send(): Promise<unknown> };
		const send = tx.send;
		tx.send = () => {
			throw error;
		};
		await expect(sender.send(good)).rejects.toThrow(error.message);
		await sender.broker.broadcast("sse.send", good);
		tx.send = send;
		await sender.send({ ...good, payload: "next" });
		await stream.next("news", 2);
		return stream;
	}

	it("because it is too large uses up no id", async () => {
		const stream = await start("too-large", new Error("MAX_PAYLOAD_EXCEEDED"));
		expect(stream.received("sse.reset")).toEqual([]);
	});

	it("because it has lost its connection is reported as lost", async () => {
		const stream = await start("closing", new Error("Channel closing"));
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
	});

	it("because a middleware after the plugin's throws uses up no id, and reaches its own node", async () => {
		let isFaulty = false;
		const faulty = {
			name: "Faulty",
			transitPublish:
				(next: (packet: { type: string }) => unknown) => (packet: { type: string }) => {
					if (isFaulty && packet.type === "EVENT") throw new Error("no packets today");
					return next(packet);
				}
		} as unknown as Middleware;
		const broker = { ...memberOf("faulty-packets", "sender"), middlewares: [faulty] };
		const own = await startGateway({ broker });
		const other = await startGateway({ broker: memberOf("faulty-packets", "other") });
		await meet(own.broker, other.broker);
		const stream = await openStream(own.url("news"), { session: "alice" });
		isFaulty = true;
		await expect(own.send(good)).rejects.toThrow("no packets today");
		await own.broker.broadcast("sse.send", good);
		await stream.next("news", 2);

		expect(stream.received("sse.reset")).toEqual([]);
	});
});

describe("a value given by a sender that throws when it is read", () => {
	it.each(["sse.send", "sse.close"])("is refused by a promise: %s", async name => {
		const node = await startSender();
		const { proxy, revoke } = Proxy.revocable({}, {});
		revoke();
		for (const event of [proxy, { ...good, sessionId: proxy }, { sessionId: [proxy] }]) {
			await expect(node.broker.broadcast(name, event)).rejects.toBeInstanceOf(SseError);
		}
		expect(node.sent).toEqual([]);
	});
});

describe("a gateway does not trust its senders", () => {
	it.each(BAD.filter(([, , field]) => field !== "id"))(
		"drops what a node without the middleware sent wrong, and names the node: %s",
		async (_, event, field) => {
			const gateway = await startGateway({ middleware: false, broker: { nodeID: "plain-7" } });
			const stream = await openStream(gateway.url("news"), { session: "alice" });
			await gateway.broker.broadcast("sse.send", event);
			await gateway.broker.broadcast("sse.send", { ...good, payload: "the next" });
			await stream.next("news");

			const warnings = gateway.log.at("warn").filter(text => text.startsWith("SSE:"));
			expect(warnings).toEqual([expect.stringContaining("dropped an event from node 'plain-7'")]);
			expect(warnings[0]).toContain(`field: '${field}'`);
			expect(stream.received("news")).toEqual(["the next"]);
			expect(gateway.log.at("error")).toEqual([]);
		}
	);

	it.each([
		["empty", ""],
		["with LF", "a\ndata: forged"],
		["with a space", "a b"],
		["not ASCII", "ż.y.1"],
		["longer than 1,024 characters", "x".repeat(1025)],
		["a number", 7]
	])("drops an event with an id that is %s", async (_, id) => {
		const gateway = await startGateway({ middleware: false });
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.broker.broadcast("sse.send", { ...good, id, payload: "bad" });
		await gateway.broker.broadcast("sse.send", { ...good, id: "a.b.1", payload: "good" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["good"]);
		expect(gateway.log.at("warn").filter(text => text.includes("field: 'id'"))).toHaveLength(1);
	});

	it("validates what was broadcast without the middleware, within the node", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.broker.broadcastLocal("sse.send", { ...good, sessionId: 7.5 });
		await gateway.broker.broadcastLocal("sse.send", good);

		expect(await stream.next("news")).toEqual({ id: undefined, event: "news", data: "1" });
		expect(gateway.log.at("warn").join()).toContain("field: 'sessionId'");
	});

	it("names the sending node of a cluster, not its own", async () => {
		const gateway = await startGateway({ broker: memberOf("distrust", "gateway") });
		const plain = new TestNode({ middleware: false, broker: memberOf("distrust", "plain") });
		await plain.broker.start();
		await meet(gateway.broker, plain.broker);
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await plain.send({ ...good, eventName: "a\nb" });
		await plain.send(good);
		await stream.next("news");

		const warnings = gateway.log.at("warn").filter(text => text.startsWith("SSE:"));
		expect(warnings).toEqual([
			expect.stringMatching(/^SSE: dropped an event from node 'plain': "eventName" contains CR/)
		]);
		expect(stream.received("news")).toEqual([1]);
	});
});

describe("SseMiddleware", () => {
	it.each([{ stream: true }, { url: "amqp://" }, "stream", [], () => ({})])(
		"takes no options, and says so of %j",
		options => {
			expect(() => SseMiddleware(options as never)).toThrow(
				expect.objectContaining({ type: "SSE_INVALID_OPTION" })
			);
		}
	);

	it("serves several brokers of a process, each with ids of its own", async () => {
		const middlewares = [SseMiddleware()];
		const ids: unknown[] = [];
		const listener = {
			name: "listener",
			events: {
				"sse.send": (ctx: Context<{ id: string }>) => {
					ids.push(ctx.params.id.replace(/\..*\./, "..."));
				}
			}
		};
		for (const nodeID of ["one", "two"]) {
			const broker = new ServiceBroker({ nodeID, middlewares, logger: false });
			broker.createService(listener);
			await broker.start();
			await broker.broadcast("sse.send", good);
			await broker.stop();
		}

		expect(ids).toEqual(["one...1", "two...1"]);
	});

	it("is not needed on a gateway: events of senders that have it keep their ids", async () => {
		const sender = new TestNode({ broker: memberOf("half", "sender") });
		const gateway = new TestGateway(
			new TestNode({ middleware: false, broker: memberOf("half", "gateway") })
		);
		await sender.broker.start();
		await gateway.broker.start();
		await meet(sender.broker, gateway.broker);
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await sender.send(good);

		expect((await stream.next("news")).id).toMatch(/^sender\..{8}\.1$/);
	});
});

// An article's author had been replaced by a document when its id was read: `user:${article.author}` was "user:[object
// Object]", and the push silently reached nobody.
describe("a recipient that cannot exist", () => {
	it("causes a warning, and fails no push to others", async () => {
		const node = await startSender();
		const sessionId = ["user:7", "user:[object Object]"];
		await node.broker.broadcast("sse.send", { ...good, sessionId }, { throwError: true });

		expect(node.sent).toMatchObject([{ sessionId }]);
		expect(node.log.at("warn")).toEqual([
			'SSE: "news" is for the session "user:[object Object]", which nobody has: ' +
				'a value that the id is made of is missing. Check the name of the property that "sessionId" is made of.'
		]);
	});

	it("causes a warning when it is revoked", async () => {
		const node = await startSender();
		await node.broker.broadcast("sse.close", { sessionId: "user:undefined" });

		expect(node.log.at("warn").join()).toContain('"sse.close" is for the session "user:undefined"');
	});
});
