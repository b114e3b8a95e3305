import { createGunzip } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import type { BrokerOptions, Context } from "moleculer";
import type { EventsContract, SseMixinOptions } from "../../mixins/sse/index.ts";
import { anyText } from "../support/arbitraries.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { start } from "../support/clients/request.ts";
import { FLOOD, openStream, StreamClient } from "../support/clients/stream-client.ts";
import { startGateway, type TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { SERIALIZERS } from "../support/serializers.ts";

const ROW = "row";
const EVENTS: EventsContract = { [ROW]: { as: "text" }, json: { as: "json" }, plain: {} };
const row = (payload: unknown, sessionId = "A") => ({ eventName: ROW, sessionId, payload });

/** Texts with everything that a frame, JSON or a parser might mistake for something else. */
const TEXTS = [
	'<tr id="order-7">\n  <td>paid</td>\r\n</tr>',
	"",
	"\n",
	" a\r\r\n\nb\n\n",
	"data: x\nid: 9\n\nevent: json\ndata: forged\n\n",
	"\uFEFFé€😀\u2028\u2029\u0085",
	'{"a":1}',
	'"quoted \\n"',
	"elements <p>\nelements </p>"
];
const asReceived = (text: string) => text.replace(/\r\n?/g, "\n").toWellFormed();

const dataOf = (stream: StreamClient): string[] =>
	stream.events.filter(({ event }) => event === ROW).map(({ data }) => data);

/** A gateway with the contract; by default its node's senders have it too. */
const startText = ({
	sse = {},
	sender = EVENTS,
	settings = {},
	broker = {},
	middleware = true
}: {
	sse?: SseMixinOptions;
	sender?: EventsContract | null;
	settings?: Record<string, unknown>;
	broker?: BrokerOptions;
	middleware?: boolean;
} = {}) =>
	startGateway({
		sse: { events: EVENTS, ...sse },
		middleware: middleware && (sender === null ? {} : { events: sender }),
		settings,
		broker
	});

const open = (gateway: TestGateway, lastEventId?: string, session = "A") =>
	openStream(gateway.url(ROW), {
		session,
		...(lastEventId !== undefined && { headers: { "last-event-id": lastEventId } })
	});

describe("an event that is a text", () => {
	it.each([
		["HTTP/1.1", {}],
		["HTTP/2", { http2: true }]
	])("is written as it is, with a data field for each line, over %s", async (name, settings) => {
		const gateway = await startText({ settings });
		const stream =
			name === "HTTP/2"
				? await openHttp2Stream(connectHttp2(gateway.origin), gateway.url(ROW), { session: "A" })
				: await open(gateway);
		for (const text of TEXTS) await gateway.send(row(text));
		await stream.next(ROW, TEXTS.length);

		expect(dataOf(stream)).toEqual(TEXTS.map(asReceived));
		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", ...TEXTS.map(() => ROW)]);
		expect(stream.text).toContain(
			'event: row\ndata: <tr id="order-7">\ndata:   <td>paid</td>\ndata: </tr>\n\n'
		);
	});

	it("leaves other events as they are", async () => {
		const gateway = await startText();
		const stream = await openStream(gateway.url("json", "plain"), { session: "A" });
		for (const eventName of ["json", "plain"]) {
			await gateway.send({ eventName, sessionId: "A", payload: "a\nb" });
			expect((await stream.next(eventName)).data).toBe('"a\\nb"');
		}
	});

	it("is what was sent, whatever that is", async () => {
		const gateway = await startText();
		const stream = await open(gateway);
		const texts = fc
			.sample(anyText, { numRuns: 200, seed: 16 })
			.map(text => text.replaceAll("\0", ""));
		for (const text of texts) await gateway.send(row(text));
		await stream.next(ROW, texts.length);

		expect(dataOf(stream)).toEqual(texts.map(asReceived));
		expect(stream.received("sse.reset")).toEqual([]);
	});

	it("is deflated like any other", async () => {
		const gateway = await startText({ sse: { compression: { threshold: 100 } } });
		const text = "<li>again</li>\r\n".repeat(200);
		const { promise, resolve } = Promise.withResolvers<StreamClient>();
		let bytes = 0;
		const request = start(gateway.url(ROW), {
			session: "A",
			headers: { "accept-encoding": "gzip" }
		});
		request.on("response", response => {
			response.on("data", (part: Buffer) => {
				bytes += part.byteLength;
			});
			const body = response.pipe(createGunzip());
			resolve(new StreamClient(200, response.headers, body, () => request.destroy()));
		});
		request.end();
		const stream = await promise;
		await stream.next("sse.open");
		await gateway.send(row(text));

		expect((await stream.next(ROW)).data === asReceived(text)).toBe(true);
		expect(bytes).toBeLessThan(text.length / 2);
	});

	it("is replayed as it was sent, kept without a stream and with one, here and on another gateway", async () => {
		const [one, two] = (await Promise.all(
			["one", "two"].map(nodeID => startText({ broker: memberOf("text-resume", nodeID) }))
		)) as [TestGateway, TestGateway];
		await meet(one.broker, two.broker);
		const here = await open(one, undefined, "here");
		const first = { ...row("first"), sessionId: ["here", "away"] };
		await one.send(first);
		const { id } = await here.next(ROW);
		for (const text of TEXTS) {
			await one.send(row(text, "here"));
			await one.send(row(text, "away"));
		}
		await here.next(ROW, TEXTS.length + 1);
		for (const gateway of [one, two]) {
			for (const session of ["here", "away"]) {
				const back = await open(gateway, id, session);
				await back.next(ROW, TEXTS.length);
				expect(dataOf(back)).toEqual(TEXTS.map(asReceived));
				expect(back.received("sse.open")).toMatchObject([{ resumed: true }]);
			}
		}
	});

	it("replaces one that waits, by a key in its text", async () => {
		const given: string[] = [];
		const conflate = (text: string) => {
			given.push(text);
			return /id="(\w+)"/.exec(text)?.[1];
		};
		const gateway = await startGateway({
			sse: {
				events: { [ROW]: { as: "text", conflate }, flood: {} },
				buffer: { policy: "conflate", maxBytes: 100_000 }
			}
		});
		const stream = await openStream(gateway.url(ROW, "flood"), { session: "A" });
		stream.stall();
		await gateway.send({ eventName: "flood", sessionId: "A", payload: FLOOD });
		for (let n = 0; n < 2000; n++) {
			for (const id of ["a", "b"]) await gateway.send(row(`<p id="${id}">\r\n${n}\ndata: </p>`));
		}
		stream.resume();
		await stream.until(() => dataOf(stream).includes('<p id="b">\n1999\ndata: </p>'));

		expect(given[0]).toBe('<p id="a">\n0\ndata: </p>');
		expect(dataOf(stream)).toContain('<p id="a">\n1999\ndata: </p>');
		expect(dataOf(stream).length).toBeLessThan(4000);
		expect(stream.received("sse.reset")).toEqual([]);
	});

	it("is measured as its JSON, on both sides", async () => {
		const limits = { eventBytes: 100 };
		const gateway = await startText({ sse: { limits }, sender: null });
		const stream = await open(gateway);
		const sender = new TestNode({
			middleware: { events: EVENTS, limits },
			broker: { nodeID: "sender" }
		});
		// each line break is two characters, and there are quotation marks
		const most = "\n".repeat(49);
		await sender.send(row(most));
		await expect(sender.send(row(`${most}\n`))).rejects.toMatchObject({
			data: { field: "payload" },
			message: expect.stringContaining("more than 100 bytes as JSON")
		});
		await gateway.send(row(`${most}\n`));
		await gateway.send(row(most));

		expect((await stream.next(ROW)).data).toBe(most);
		expect(gateway.log.at("warn").join()).toContain("more than 100 bytes as JSON");
	});

	it("that is too large for the transporter is refused like any other", async () => {
		const node = new TestNode({
			middleware: { events: EVENTS },
			broker: {
				namespace: crypto.randomUUID(),
				transporter: { type: "TCP", options: { udpDiscovery: false } }
			} as BrokerOptions
		});
		await node.broker.start();

		await expect(node.send(row("\n".repeat(500_000)))).rejects.toMatchObject({
			type: "SSE_INVALID_EVENT",
			data: { field: "payload" },
			message: expect.stringContaining("and the transporter carries")
		});
	});

	it("is JSON for services that themselves listen to sse.send", async () => {
		const got: unknown[] = [];
		const audit = {
			name: "audit",
			events: {
				"sse.send": (ctx: Context<{ json: string }>) => void got.push(ctx.params.json)
			}
		};
		const node = new TestNode({ middleware: { events: EVENTS }, services: [audit] });
		await node.broker.start();
		await node.send(row("a\nb"));

		expect(got).toEqual(['"a\\nb"']);
	});
});

describe("a text on its way through a serializer that is not JSON", () => {
	it("is the same on another gateway, from senders with the middleware and without", async () => {
		const serializer = SERIALIZERS.find(({ name }) => name === "V8")?.make();
		const member = (nodeID: string) =>
			({ ...memberOf("text-serializer", nodeID), serializer }) as BrokerOptions;
		const gateway = await startText({ broker: member("gateway") });
		const senders = [true, false].map(
			middleware => new TestNode({ middleware, broker: member(middleware ? "with" : "without") })
		);
		await Promise.all(senders.map(({ broker }) => broker.start()));
		await meet(gateway.broker, ...senders.map(({ broker }) => broker));
		const stream = await open(gateway);
		for (const sender of senders) for (const text of TEXTS) await sender.send(row(text));
		await stream.next(ROW, TEXTS.length * 2);

		expect(dataOf(stream)).toEqual([...TEXTS, ...TEXTS].map(asReceived));
		expect(gateway.log.at("warn")).toEqual([]);
	});
});

const NO_TEXT: readonly [what: string, payload: unknown][] = [
	["an object", { html: "<p>" }],
	["an array", ["<p>"]],
	["a number", 7],
	["true", true],
	["null", null],
	["what JSON makes an object of", { toJSON: () => ({}) }]
];

describe("a payload that is not a text, of an event that is one", () => {
	it.each([...NO_TEXT, ["a text with NUL", "a\0b"] as const])(
		"is refused at a sender that knows: %s",
		async (_, payload) => {
			const gateway = await startText();
			const stream = await open(gateway);
			await expect(gateway.send(row(payload))).rejects.toMatchObject({
				type: "SSE_INVALID_EVENT",
				code: 422,
				data: { field: "payload" },
				message: expect.stringMatching(/^"payload" of "row" (takes a string.*"text"|contains NUL)/)
			});
			await gateway.send(row("good"));
			await stream.next(ROW);
			expect(dataOf(stream)).toEqual(["good"]);
		}
	);

	it.each([...NO_TEXT, ["a text with NUL", "a\0b"] as const])(
		"is dropped if the sender does not: %s",
		async (_, payload) => {
			for (const middleware of [true, false]) {
				const gateway = await startText({ sender: null, middleware });
				const stream = await open(gateway);
				await gateway.send(row(payload));
				await gateway.send(row(payload, "away"));
				await gateway.send(row("good"));
				await stream.next(ROW);

				expect(dataOf(stream)).toEqual(["good"]);
				// it was not lost on the way
				expect(stream.received("sse.reset")).toEqual([]);
				const dropped = gateway.log.at("warn").filter(text => text.includes("dropped"));
				expect(dropped).toHaveLength(2);
				expect(dropped[0]).toMatch(/dropped an event from node 'node-1'.*"payload" of "row"/);
				expect(dropped[0]).toContain("field: 'payload'");
			}
		}
	);

	it.each(["{", '"a', "text"])("is dropped if its JSON is invalid: %s", async json => {
		const gateway = await startText({ middleware: false });
		const stream = await open(gateway);
		await gateway.send({ eventName: ROW, sessionId: "A", json });
		await gateway.send({ eventName: ROW, sessionId: "A", json: '"good"' });
		await stream.next(ROW);

		expect(dataOf(stream)).toEqual(["good"]);
		const [dropped] = gateway.log.at("warn").filter(text => text.includes("dropped"));
		expect(dropped).toMatch(/"json" of "row" is not JSON/);
	});

	it("may be what JSON turns into a string", async () => {
		const gateway = await startText();
		const stream = await open(gateway);
		await gateway.send(row({ toJSON: () => "<p>\n</p>" }));

		expect((await stream.next(ROW)).data).toBe("<p>\n</p>");
	});
});

describe("a text with a schema", () => {
	it("is checked by it, as a root", async () => {
		const params = { $$root: true, type: "string", max: 5 };
		const gateway = await startText({ sender: { [ROW]: { as: "text", params } } });
		const stream = await open(gateway);
		await expect(gateway.send(row("123456"))).rejects.toMatchObject({
			data: { field: "payload" },
			message: expect.stringContaining('breaks the contract of "row"')
		});
		await gateway.send(row("a\nb"));

		expect((await stream.next(ROW)).data).toBe("a\nb");
	});
});

describe("sse.open", () => {
	it("names the events of the stream that are texts, if there are any", async () => {
		const gateway = await startText();
		const both = await openStream(gateway.url(ROW, "json"), { session: "A" });
		const json = await openStream(gateway.url("json"), { session: "A" });

		expect(both.received("sse.open")).toMatchObject([{ texts: [ROW] }]);
		expect(json.received("sse.open")[0]).not.toHaveProperty("texts");
	});
});

describe("a gateway whose contract does not have the text", () => {
	it("writes its JSON, whatever the sender's contract says", async () => {
		const gateway = await startGateway({ middleware: { events: EVENTS } });
		const stream = await open(gateway);
		await gateway.send(row("a\nb"));

		expect((await stream.next(ROW)).data).toBe('"a\\nb"');
	});
});

/** Runs a command of the typed words, like moleculer-repl. */
async function type(node: TestNode, ...words: string[]): Promise<void> {
	const { replOptions } = node.broker.options as unknown as {
		replOptions: {
			customCommands: { action(broker: unknown, typed: { all: string[] }): Promise<void> }[];
		};
	};
	await replOptions.customCommands[0]?.action(node.broker, { all: words });
}

describe("`sse send` in the REPL", () => {
	const told: string[] = [];
	beforeEach(() => {
		told.length = 0;
		jest.spyOn(console, "log").mockImplementation(text => void told.push(text));
	});
	afterEach(() => {
		jest.restoreAllMocks();
	});

	it("takes a text as it was typed, and JSON for other events", async () => {
		const gateway = await startText();
		const stream = await openStream(gateway.url(ROW, "json"), { session: "A" });
		await type(gateway.node, "send", "A", ROW, "<p>hi</p>");
		await type(gateway.node, "send", "A", ROW, '"7"');
		await type(gateway.node, "send", "A", ROW);
		await type(gateway.node, "send", "A", ROW, "not", "one word");
		await type(gateway.node, "send", "A", "json", "<p>");
		await type(gateway.node, "send", "A", "json", '"7"');
		await stream.next("json");

		expect(told[3]).toBe("Too many words. Put the text in single quotes: 'not one word'");
		expect(told[4]).toContain("The payload is not JSON");
		expect(dataOf(stream)).toEqual(["<p>hi</p>", '"7"', ""]);
		expect(stream.received("json")).toEqual(["7"]);
	});

	it("knows the contract of each broker, even if brokers share their options", async () => {
		const replOptions = { customCommands: [] };
		const gateway = await startText({ broker: { replOptions } as BrokerOptions });
		const other = new TestNode({ broker: { nodeID: "other", replOptions } as BrokerOptions });
		const sent: unknown[] = [];
		other.broker.createService({
			name: "audit",
			events: { "sse.send": (ctx: Context<{ json: string }>) => void sent.push(ctx.params.json) }
		});
		await other.broker.start();
		const stream = await open(gateway);
		await type(other, "send", "A", ROW, "7");
		await type(gateway.node, "send", "A", ROW, "7");

		expect(sent).toEqual(["7"]);
		expect((await stream.next(ROW)).data).toBe("7");
	});
});
