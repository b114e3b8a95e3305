import { describe, expect, it } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import {
	type EventsContract,
	SseError,
	SseMiddleware,
	SseMixin,
	sseSend
} from "../../mixins/sse/index.ts";
import { createSenderCheck } from "../../mixins/sse/moleculer/sender/sender-check.ts";
import { refusal } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { startGateway, type TestGateway, TestNode } from "../support/gateway/gateway.ts";

const EVENTS: EventsContract = {
	"order-update": {
		params: {
			status: { type: "enum", values: ["open", "paid"] },
			note: { type: "string", default: "none", trim: true }
		}
	},
	news: { audience: "public" },
	private: { audience: "session" }
};
const order = { eventName: "order-update", sessionId: "alice", payload: { status: "paid" } };

/** A gateway with a contract; `sender` says whether its node also checks what it sends. */
const start = ({ events = EVENTS, sender = true } = {}) =>
	startGateway({
		sse: { events },
		middleware: false,
		broker: { middlewares: [SseMiddleware(sender ? { events } : {})] }
	});

async function refusedBy(gateway: TestGateway | TestNode, event: unknown): Promise<SseError> {
	const error = await gateway.send(event).then(
		() => undefined,
		(reason: unknown) => reason
	);
	expect(error).toBeInstanceOf(SseError);
	expect(error).toMatchObject({ type: "SSE_INVALID_EVENT", code: 422 });
	return error as SseError;
}

describe("with a contract, a sender", () => {
	it("may send what fits it", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("order-update", "news"), { session: "alice" });
		await gateway.send(order);
		await gateway.send({ eventName: "news", sessionId: "*", payload: "anything" });
		await stream.next("news");

		// as the validator leaves it: defaults are set, texts trimmed
		expect(stream.received("order-update")).toEqual([{ status: "paid", note: "none" }]);
		expect(stream.received("news")).toEqual(["anything"]);
	});

	it("may address numbers", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("private"), { session: "7" });
		await gateway.send({ eventName: "private", sessionId: [7], payload: 1 });

		expect((await stream.next("private")).data).toBe("1");
	});

	it("keeps its own object as it was", async () => {
		const gateway = await start();
		const payload = Object.freeze({ status: "paid", note: " x " });
		await gateway.send({ ...order, payload });

		expect(payload).toEqual({ status: "paid", note: " x " });
	});

	it.each(["unknown", "Order-Update", "toString", "__proto__", "constructor"])(
		"may not send an event that is not in it: %s",
		async eventName => {
			const gateway = await start();
			const error = await refusedBy(gateway, { ...order, eventName });

			expect(error.data).toEqual({ field: "eventName" });
			expect(error.message).toContain("is not in the event contract");
		}
	);

	it.each([
		[{ status: "lost" }, "payload.status"],
		[{}, "payload.status"],
		[{ status: "paid", note: 7 }, "payload.note"],
		[null, "payload"],
		["paid", "payload"],
		[[], "payload"]
	])("may not send a payload that violates it: %j", async (payload, field) => {
		const gateway = await start();
		const error = await refusedBy(gateway, { ...order, payload });

		expect(error.data).toEqual({ field });
		expect(error.message).toContain('breaks the contract of "order-update"');
	});

	it.each(["order-update", "private"])(
		"may not send to everyone what is for sessions: %s",
		async eventName => {
			const gateway = await start();
			const error = await refusedBy(gateway, { ...order, eventName, sessionId: "*" });

			expect(error.data).toEqual({ field: "sessionId" });
			expect(error.message).toContain('audience "public"');
		}
	);

	it("is checked by what JSON makes of the payload", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("order-update"), { session: "alice" });
		await gateway.send({ ...order, payload: { toJSON: () => ({ status: "open" }) } });
		await refusedBy(gateway, { ...order, payload: { status: "paid", toJSON: () => ({}) } });

		expect(JSON.parse((await stream.next("order-update")).data).status).toBe("open");
	});

	it("is checked by the broker's own validator, custom rules and all, or by Moleculer's", async () => {
		const events: EventsContract = { e: { params: { n: "number|positive" } } };
		for (const validator of [true, false]) {
			const node = new TestNode({
				middleware: false,
				broker: { nodeID: `v-${validator}`, validator, middlewares: [SseMiddleware({ events })] }
			});
			await node.broker.start();
			await node.send({ eventName: "e", sessionId: "a", payload: { n: 1 } });
			await refusedBy(node, { eventName: "e", sessionId: "a", payload: { n: -1 } });
		}
	});
});

describe("a schema whose own function throws", () => {
	it("refuses the event, and does not throw at the sender", async () => {
		const custom = () => {
			throw new Error("no such table");
		};
		const events: EventsContract = { e: { params: { n: { type: "custom", check: custom } } } };
		const node = new TestNode({ middleware: { events } });
		await node.broker.start();
		const error = await refusedBy(node, { eventName: "e", sessionId: "a", payload: { n: 1 } });
		expect(error.message).toContain("its schema failed: no such table");
	});
});

describe("with a contract, a gateway", () => {
	it("opens streams of its events only: 400", async () => {
		const gateway = await start();
		await openStream(gateway.url("news", "order-update"));
		for (const name of ["unknown", "toString", "__proto__"]) {
			const { status, error } = await refusal(gateway.url("news", name));
			expect(status).toBe(400);
			expect(error).toMatchObject({
				type: "SSE_INVALID_REQUEST",
				data: { parameter: "eventName" },
				// it said "names an event that there is none of here", and not which
				message: `Parameter "eventName" names "${name}", which is not in this gateway's event contract.`
			});
			// the other events are not revealed
			expect(JSON.stringify(error)).not.toContain("order-update");
		}
	});

	it("drops what violates it, even if the sender does not know it", async () => {
		const gateway = await start({ sender: false });
		const stream = await openStream(gateway.url("news", "private"), { session: "alice" });
		await gateway.send({ eventName: "private", sessionId: "*", payload: "to everyone" });
		await gateway.send({ eventName: "unknown", sessionId: "*", payload: 1 });
		await gateway.send({ eventName: "private", sessionId: "alice", payload: "to alice" });
		await stream.next("private");

		expect(stream.received("private")).toEqual(["to alice"]);
		expect(gateway.log.at("warn").filter(text => text.includes("dropped"))).toHaveLength(2);
		// it was not lost on the way
		expect(stream.received("sse.reset")).toEqual([]);
	});

	it("never replays what violated it", async () => {
		const gateway = await start({ sender: false });
		const first = await openStream(gateway.url("private"), { session: "alice" });
		const place = first.events.findLast(({ id }) => id)?.id;
		first.close();
		await gateway.send({ eventName: "private", sessionId: "*", payload: "to everyone" });
		await gateway.send({ eventName: "private", sessionId: "alice", payload: "to alice" });
		const headers = { "last-event-id": place };
		const back = await openStream(gateway.url("private"), { session: "alice", headers });
		await back.next("private");

		expect(back.received("private")).toEqual(["to alice"]);
	});

	it("shows no schema of it in its settings", async () => {
		const gateway = await start();
		const services = await gateway.broker.call("$node.services");

		expect(JSON.stringify(services)).not.toContain("paid");
	});
});

describe("an invalid contract stops the start", () => {
	it.each([
		["a text", "news"],
		["null", null],
		["a list", ["news"]],
		["an event that is no object", { news: true }],
		["an event that is null", { news: null }],
		["a reserved name", { "sse.open": {} }],
		["an empty name", { "": {} }],
		["a name with a line break", { "a\nb": {} }],
		["an unknown audience", { news: { audience: "all" } }],
		["a schema that is no object", { news: { params: "string" } }],
		["an unknown member", { news: { param: {} } }],
		["an object's own member", { news: JSON.parse('{"__proto__": {}}') }]
	])("%s", (_, events) => {
		for (const make of [SseMiddleware, SseMixinOf]) {
			const error = thrownBy(() => make({ events } as never));
			expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option: "events" } });
		}
	});

	it.each([
		["an unknown type", { n: { type: "nonsense" } }],
		["an asynchronous one", { $$async: true, n: { type: "any", custom: async () => 1 } }]
	])("a schema that does not compile: %s", (_, params) => {
		const broker = new ServiceBroker({ logger: false });
		const error = thrownBy(() =>
			createSenderCheck(broker, {
				events: { news: { params } },
				eventBytes: 0,
				recipientsPerEvent: 0
			})
		);

		expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { eventName: "news" } });
	});
});

describe("an event of more bytes than the sender's limit", () => {
	const limited = async (eventBytes: number) => {
		const node = new TestNode({
			middleware: false,
			broker: { middlewares: [SseMiddleware({ limits: { eventBytes } })] }
		});
		await node.broker.start();
		return node;
	};
	const of = (payload: string) => ({ eventName: "news", sessionId: "alice", payload });

	it.each([
		["of one byte a character", "x", 98],
		["of two", "é", 49],
		["of three", "€", 32],
		["of four", "😀", 24]
	])("is refused where it was sent, and one that just fits is not: %s", async (_, char, count) => {
		const node = await limited(100);
		await node.send(of(char.repeat(count)));
		const error = await refusedBy(node, of(char.repeat(count + 1)));

		expect(error.data).toEqual({ field: "payload" });
		expect(error.message).toContain("more than 100 bytes");
	});

	it("is sent if the limit is off", async () => {
		const node = await limited(0);

		await node.send(of("x".repeat(20_000_000)));
	});
});

describe("sseSend", () => {
	it("broadcasts, and rejects as broadcast does", async () => {
		const gateway = await start();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await sseSend(gateway.broker, { eventName: "news", sessionId: "alice", payload: "hello" });
		await stream.next("news");

		await expect(
			sseSend(gateway.broker, { eventName: "news", sessionId: "", payload: "hello" })
		).rejects.toMatchObject({ type: "SSE_INVALID_EVENT" });
	});
});

/** A mixin is checked when its service is created. */
function SseMixinOf(options: never): void {
	const schema = SseMixin(options) as { merged(schema: object): void };
	schema.merged.call({}, { settings: {}, methods: {} });
}

function thrownBy(run: () => unknown): unknown {
	try {
		run();
	} catch (error) {
		return error;
	}
	throw new Error("nothing was thrown");
}
