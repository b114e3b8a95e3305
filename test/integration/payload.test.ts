import { describe, expect, it } from "@jest/globals";
import type { BrokerOptions, Context } from "moleculer";
import { SseError } from "../../mixins/sse/index.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { startGateway, type TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { PAYLOADS, REFUSED_PAYLOADS } from "../support/payloads.ts";
import { SERIALIZERS } from "../support/serializers.ts";
import { skip } from "../support/skip.ts";

const NEWS = "news";
const to = (sessionId: string, payload: unknown) => ({ eventName: NEWS, sessionId, payload });

/** What JSON makes of the corpus, each as often as it is created. */
const TEXTS = PAYLOADS.map(({ make }) => JSON.stringify(make()));

const dataOf = (stream: StreamClient): string[] =>
	stream.events.filter(({ event }) => event === NEWS).map(({ data }) => data);

/** Two gateways of a cluster, and a stream on each. */
async function startTwo(
	name: string,
	options: BrokerOptions
): Promise<{ one: TestGateway; two: TestGateway; streams: StreamClient[] }> {
	const [one, two] = (await Promise.all(
		["one", "two"].map(nodeID =>
			startGateway({ broker: { ...memberOf(`payload-${name}`, nodeID), ...options } })
		)
	)) as [TestGateway, TestGateway];
	await meet(one.broker, two.broker);
	const streams = await Promise.all(
		[one, two].map(gateway => openStream(gateway.url(NEWS), { session: "alice" }))
	);
	return { one, two, streams };
}

// Raw payloads went through the transporter's serializer. A binary one calls no `toJSON`, so another gateway showed the
// password hash that the sender's own hid, had other numbers, and threw at an `undefined` in a list.
describe.each(SERIALIZERS)("a payload through the serializer $name", ({ make, name, missing }) => {
	it.each([
		"a gateway's node",
		"another node",
		// moleculer-web passes on what cannot be cloned
		"another node, which clones"
	])("is the text that JSON makes of it, on every gateway, from %s", async from => {
		if (missing !== undefined) skip(`${missing} is not installed`);
		const options = { serializer: make() } as BrokerOptions;
		const { one, two, streams } = await startTwo(`${name}-${from}`, options);
		let sender: TestNode = one.node;
		if (from !== "a gateway's node") {
			const contextParamsCloning = from.endsWith("clones");
			const member = memberOf(`payload-${name}-${from}`, "sender");
			sender = new TestNode({ broker: { ...member, ...options, contextParamsCloning } });
			await sender.broker.start();
			await meet(one.broker, two.broker, sender.broker);
		}
		for (const { make } of PAYLOADS) await sender.send(to("alice", make()));
		for (const { make } of REFUSED_PAYLOADS) {
			await expect(sender.send(to("alice", make()))).rejects.toMatchObject({
				type: "SSE_INVALID_EVENT",
				data: { field: "payload" }
			});
		}
		await sender.send(to("alice", "last"));
		await Promise.all(streams.map(stream => stream.next(NEWS, TEXTS.length + 1)));

		for (const stream of streams) {
			expect(dataOf(stream)).toEqual([...TEXTS, '"last"']);
			expect(stream.received("sse.reset")).toEqual([]);
		}
		expect([...one.log.at("warn"), ...two.log.at("warn")]).toEqual([]);
	});

	it("from a node without the middleware arrives too", async () => {
		if (missing !== undefined) skip(`${missing} is not installed`);
		const options = { serializer: make() } as BrokerOptions;
		const { two, streams } = await startTwo(`plain-${name}`, options);
		const plain = new TestNode({
			middleware: false,
			broker: { ...memberOf(`payload-plain-${name}`, "plain"), ...options }
		});
		await plain.broker.start();
		await meet(two.broker, plain.broker);
		for (const payload of [{ a: [1, "é", null] }, "text", 0])
			await plain.send(to("alice", payload));
		await Promise.all(streams.map(stream => stream.next(NEWS, 3)));

		for (const stream of streams)
			expect(dataOf(stream)).toEqual(['{"a":[1,"é",null]}', '"text"', "0"]);
	});
});

describe("a payload", () => {
	it("is serialised once, whoever gets it, and is not examined again", async () => {
		let written = 0;
		const payload = { toJSON: () => ({ n: ++written }) };
		const gateway = await startGateway({
			sse: { events: { [NEWS]: { params: { n: "number" } } } },
			middleware: { events: { [NEWS]: { params: { n: "number" } } } }
		});
		const streams = await Promise.all(
			["alice", "alice"].map(session => openStream(gateway.url(NEWS), { session }))
		);
		await gateway.send(to("alice", payload));
		await Promise.all(streams.map(stream => stream.next(NEWS)));

		expect(streams.map(dataOf)).toEqual([['{"n":1}'], ['{"n":1}']]);
		expect(written).toBe(1);
	});

	it("that a client comes back for is what was sent live: kept without a stream, and with one", async () => {
		const gateway = await startGateway();
		const here = await openStream(gateway.url(NEWS), { session: "here" });
		const place = (await here.next("sse.open")).id;
		for (const { make } of PAYLOADS) {
			await gateway.send(to("here", make()));
			await gateway.send(to("away", make()));
		}
		await here.next(NEWS, TEXTS.length);
		const back = async (session: string) => {
			const stream = await openStream(gateway.url(NEWS), {
				session,
				headers: { "last-event-id": place }
			});
			await stream.next(NEWS, TEXTS.length);
			return stream.events.filter(({ event }) => event === NEWS);
		};

		const live = here.events.filter(({ event }) => event === NEWS);
		expect(live.map(({ data }) => data)).toEqual(TEXTS);
		expect(await back("here")).toEqual(live);
		const away = await back("away");
		expect(away.map(({ data }) => data)).toEqual(TEXTS);
		// each was sent right after the other's
		const idOf = (id = "") => Number(id.split(".").at(-1));
		expect(away.map(({ id }) => idOf(id))).toEqual(live.map(({ id }) => idOf(id) + 1));
	});

	it("is JSON for services that themselves listen to sse.send", async () => {
		const got: unknown[] = [];
		const audit = {
			name: "audit",
			events: {
				"sse.send": (ctx: Context<{ json: string }>) => void got.push(JSON.parse(ctx.params.json))
			}
		};
		const node = new TestNode({ services: [audit] });
		await node.broker.start();
		await node.send(to("alice", { at: new Date(0) }));

		expect(got).toEqual([{ at: "1970-01-01T00:00:00.000Z" }]);
	});

	it("is sent as a schema leaves it, and its size is judged then", async () => {
		const params = {
			n: { type: "number", convert: true },
			note: { type: "string", default: "-".repeat(50) }
		};
		const gateway = await startGateway({
			middleware: { events: { [NEWS]: { params } }, limits: { eventBytes: 80 } }
		});
		const stream = await openStream(gateway.url(NEWS), { session: "alice" });
		await gateway.send(to("alice", { n: "7" }));
		// it fits only while the default is not set
		await expect(gateway.send(to("alice", { n: 1, x: "x".repeat(40) }))).rejects.toMatchObject({
			data: { field: "payload" }
		});

		expect((await stream.next(NEWS)).data).toBe(`{"n":7,"note":"${"-".repeat(50)}"}`);
	});

	it("that a schema turns into something without JSON is refused, and does not throw", async () => {
		const events = { [NEWS]: { params: { n: { type: "custom", check: () => 1n } } } };
		const node = new TestNode({ middleware: { events } });
		await node.broker.start();

		await expect(node.send(to("alice", { n: 1 }))).rejects.toBeInstanceOf(SseError);
	});
});

describe("the JSON of a node that is broken, or hostile", () => {
	const event = { eventName: NEWS, sessionId: "alice" };
	const BAD: readonly (readonly [what: string, field: string, event: object])[] = [
		["has LF", "json", { ...event, json: '"a"\n\ndata: "forged"' }],
		["has CR", "json", { ...event, json: '"a"\rid: forged' }],
		["has NUL", "json", { ...event, json: '"\0"' }],
		["is written with indentation", "json", { ...event, json: JSON.stringify({ a: 1 }, null, 2) }],
		["is empty", "json", { ...event, json: "" }],
		["is no text", "json", { ...event, json: 7 }],
		["is null", "json", { ...event, json: null }],
		["is bytes", "json", { ...event, json: new Uint8Array([34, 34]) }],
		["stands beside a payload", "json", { ...event, json: "1", payload: 2 }],
		["is too long", "json", { ...event, json: `"${"é".repeat(500)}"` }]
	];

	it.each(BAD)("is dropped, and logged, if it %s", async (_, field, bad) => {
		const gateway = await startGateway({
			middleware: false,
			sse: { limits: { eventBytes: 1000 } }
		});
		const stream = await openStream(gateway.url(NEWS), { session: "alice" });
		await gateway.send(bad);
		await gateway.send({ ...event, json: '"good"' });
		await stream.next(NEWS);

		expect(dataOf(stream)).toEqual(['"good"']);
		expect(stream.text).not.toContain("forged");
		const warnings = gateway.log.at("warn").filter(text => text.includes("dropped"));
		expect(warnings).toEqual([expect.stringContaining(`field: '${field}'`)]);
	});

	it("is otherwise its own responsibility: one line of text can forge nothing", async () => {
		const gateway = await startGateway({
			middleware: false,
			sse: {
				events: { [NEWS]: { conflate: ({ key }) => key } },
				buffer: { policy: "conflate" }
			}
		});
		const stream = await openStream(gateway.url(NEWS), { session: "alice" });
		for (const json of ["{", "event: x", ": comment", "\u2028\u0085", '{"key":1}']) {
			await gateway.send({ ...event, json });
		}
		await stream.next(NEWS, 5);

		expect(dataOf(stream)).toEqual(["{", "event: x", ": comment", "\u2028\u0085", '{"key":1}']);
		expect(gateway.log.at("error").join()).toContain('"conflate" of the event "news" failed');
	});

	it("is not for senders to give", async () => {
		const node = new TestNode();
		await node.broker.start();

		await expect(node.send({ ...event, json: "1" })).rejects.toMatchObject({
			data: { field: "json" },
			message: expect.stringContaining("is given by SseMiddleware")
		});
	});
});
