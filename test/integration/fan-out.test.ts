import { describe, expect, it } from "@jest/globals";
import { EventSource } from "eventsource";
import type { SseSend } from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { cookieOf } from "../support/clients/request.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { onTestFinished } from "../support/on-test-finished.ts";

/** Waits until a stream has everything that was sent before: the last one is an event for everyone. */
async function settle(gateway: TestGateway, streams: readonly StreamClient[]): Promise<void> {
	const sent = { sessionId: "*", payload: "end" };
	const names = streams.map(stream => {
		const { eventNames } = JSON.parse(stream.events[0]?.data ?? "");
		return eventNames[0] as string;
	});
	for (const eventName of new Set(names)) await gateway.send({ ...sent, eventName });
	await Promise.all(
		streams.map((stream, index) => {
			const name = names[index] as string;
			return stream.until(() => stream.received(name).at(-1) === "end", `the end of ${name}`);
		})
	);
}

/** The payloads that a stream got, of all event names, without the end marker. */
function payloads(stream: StreamClient): unknown[] {
	return stream.events
		.filter(({ event }) => !event?.startsWith("sse."))
		.map(({ data }) => JSON.parse(data))
		.filter(payload => payload !== "end");
}

describe("an event goes to every stream that it is for, once, and to no other", () => {
	const cases: [what: string, address: Pick<SseSend, "sessionId">, to: string[]][] = [
		["one session, on all of its streams", { sessionId: "alice" }, ["alice-1", "alice-2"]],
		["several sessions", { sessionId: ["alice", "bob"] }, ["alice-1", "alice-2", "bob"]],
		["a session named twice", { sessionId: ["bob", "bob"] }, ["bob"]],
		["sessions, one of which is away", { sessionId: ["nobody", "bob"] }, ["bob"]],
		["one of a stream's several ids", { sessionId: "tenant:7" }, ["team"]],
		["two of a stream's several ids", { sessionId: ["tenant:7", "carol"] }, ["team"]],
		["everyone", { sessionId: "*" }, ["alice-1", "alice-2", "bob", "team"]],
		["a session that is away: silence", { sessionId: "nobody" }, []],
		["sessions that are away: silence", { sessionId: ["nobody", "noone"] }, []],
		["an id in another case: silence", { sessionId: "Alice" }, []]
	];

	it.each(cases)("%s", async (_, address, to) => {
		const gateway = await startGateway({
			sse: { session: (_ctx, req) => String(req.headers["x-ids"]).split(",") }
		});
		const open = (ids: string, ...names: string[]) =>
			openStream(gateway.url(...names), { headers: { "x-ids": ids } });
		const streams = {
			"alice-1": await open("alice", "news"),
			"alice-2": await open("alice", "news", "other"),
			bob: await open("bob", "news"),
			team: await open("carol,tenant:7", "news"),
			"another event": await open("alice", "other")
		};
		await gateway.send({ eventName: "news", ...address, payload: "it" });
		await settle(gateway, Object.values(streams));

		const reached = Object.entries(streams).filter(([, stream]) => payloads(stream).length > 0);
		expect(reached.map(([name]) => name)).toEqual(to);
		for (const [, stream] of reached) expect(payloads(stream)).toEqual(["it"]);
	});
});

describe("an event arrives as it was sent", () => {
	const text = 'line 1\nline 2\r\n\u2028 "żółć" 🔔 \u0000 data: x';

	it.each([
		["an object", { status: "paid", items: [{ id: 1 }, null] }],
		["text, line breaks and all", text],
		["text that looks like fields", "x\n\nid: 7\nevent: forged\nretry: 1\n\n"],
		["an empty text", ""],
		["a number", 0],
		["false", false],
		["null", null],
		["nested text", { [text]: [text] }],
		["100 KB", "x".repeat(100_000)]
	])("%s", async (_, payload) => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload });

		expect(JSON.parse((await stream.next("news")).data)).toEqual(payload);
		await settle(gateway, [stream]);
		expect(stream.events.map(({ event }) => event)).toEqual(["sse.open", "news", "news"]);
	});

	it("is written like JSON", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		const payload = { at: new Date(0), left: undefined, not: Number.NaN };
		await gateway.send({ eventName: "news", sessionId: "alice", payload });

		expect((await stream.next("news")).data).toBe('{"at":"1970-01-01T00:00:00.000Z","not":null}');
	});

	it("in order, 1,000 events long", async () => {
		const gateway = await startGateway();
		const streams = await Promise.all(
			["alice", "alice", "bob"].map(session => openStream(gateway.url("news"), { session }))
		);
		const numbers = Array.from({ length: 1000 }, (_, n) => n);
		// not awaited one by one: the order is that of the calls
		await Promise.all(
			numbers.map(payload =>
				gateway.send({ eventName: "news", sessionId: ["alice", "bob"], payload })
			)
		);
		await settle(gateway, streams);

		for (const stream of streams) expect(payloads(stream)).toEqual(numbers);
	});

	it("in order, even if addressed and named in different ways", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("a", "b"), { session: "alice" });
		const addresses = ["alice", ["alice"], "*", ["bob", "alice"]];
		for (let n = 0; n < 40; n++) {
			await gateway.send({
				eventName: n % 3 === 0 ? "b" : "a",
				sessionId: addresses[n % 4],
				payload: n
			});
		}
		await settle(gateway, [stream]);

		expect(payloads(stream)).toEqual(Array.from({ length: 40 }, (_, n) => n));
	});

	it("to EventSource", async () => {
		const gateway = await startGateway();
		const source = new EventSource(gateway.url("news", "order-update"), {
			fetch: (url, init) =>
				fetch(url, { ...init, headers: { ...init.headers, cookie: cookieOf("alice") } })
		});
		onTestFinished(() => source.close());
		const got: MessageEvent[] = [];
		const { promise: two, resolve } = Promise.withResolvers<void>();
		for (const name of ["news", "order-update"]) {
			source.addEventListener(name, event => {
				got.push(event);
				if (got.length === 2) resolve();
			});
		}
		await new Promise(opened => source.addEventListener("sse.open", opened));
		await gateway.send({ eventName: "order-update", sessionId: "alice", payload: { n: 1 } });
		await gateway.send({ eventName: "news", sessionId: "*", payload: [] });
		await two;

		expect(got.map(({ type, data }) => [type, data])).toEqual([
			["order-update", '{"n":1}'],
			["news", "[]"]
		]);
		expect(got[0]?.lastEventId).toMatch(/^node-1\.\w{8}\.1$/);
	});

	it("over HTTP/2, to many streams of one connection", async () => {
		const gateway = await startGateway({ settings: { http2: true } });
		const connection = connectHttp2(gateway.origin);
		const streams = await Promise.all(
			Array.from({ length: 20 }, (_, n) =>
				openHttp2Stream(connection, gateway.url("news"), { session: `session-${n}` })
			)
		);
		for (let n = 0; n < 20; n++) {
			await gateway.send({ eventName: "news", sessionId: `session-${n}`, payload: n });
		}
		await settle(gateway, streams);

		expect(streams.map(payloads)).toEqual(streams.map((_, n) => [n]));
	});
});

describe("names and ids are ordinary text", () => {
	const odd = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "size", "0"];

	it.each([...odd, "a.b", "a*", "**", "nullable"])("the session id %j", async sessionId => {
		const gateway = await startGateway({
			sse: { session: (_ctx, req) => String(req.headers["x-id"]) }
		});
		const open = (id: string) => openStream(gateway.url("news"), { headers: { "x-id": id } });
		const streams = [await open(sessionId), await open("other")];
		await gateway.send({ eventName: "news", sessionId, payload: "it" });
		await settle(gateway, streams);

		expect(streams.map(payloads)).toEqual([["it"], []]);
	});

	it.each([...odd, "error", "message", "open"])("the event name %j", async name => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url(name), { session: "alice" });
		const other = await openStream(gateway.url("other"), { session: "alice" });
		await gateway.send({ eventName: name, sessionId: "alice", payload: "it" });
		await settle(gateway, [stream, other]);

		expect([stream, other].map(payloads)).toEqual([["it"], []]);
	});

	it("names match exactly: no prefix, no pattern, no other case, no other form", async () => {
		const gateway = await startGateway();
		const names = ["order", "order.", "order.paid", "Order", "order*", "é", "e\u0301"];
		const streams = await Promise.all(
			names.map(name => openStream(gateway.url(name), { session: "alice" }))
		);
		for (const eventName of names) {
			await gateway.send({ eventName, sessionId: "alice", payload: eventName });
		}
		await settle(gateway, streams);

		expect(streams.map(payloads)).toEqual(names.map(name => [name]));
	});
});

describe("event ids", () => {
	it("are <origin>.<epoch>.<seq>, without holes, the same on every stream", async () => {
		const gateway = await startGateway({ broker: { nodeID: "api-1" } });
		const streams = await Promise.all(
			[1, 2].map(() => openStream(gateway.url("news"), { session: "alice" }))
		);
		for (const sessionId of ["alice", "nobody", "*", "alice"]) {
			await gateway.send({ eventName: "news", sessionId, payload: sessionId });
		}
		await settle(gateway, streams);

		const [first, second] = streams.map(stream =>
			stream.events.filter(({ event }) => event === "news").map(({ id }) => id)
		);
		const [, epoch] = /^api-1\.([0-9a-z]{8})\.1$/.exec(first?.[0] ?? "") ?? [];
		expect(epoch).toBeDefined();
		// 2 went to nobody; 5 is the end marker
		expect(first).toEqual([1, 3, 4, 5].map(seq => `api-1.${epoch}.${seq}`));
		expect(second).toEqual(first);
	});

	it("have another epoch in each life of a node", async () => {
		const lives = [];
		for (let life = 0; life < 2; life++) {
			const gateway = await startGateway({ broker: { nodeID: "api-1" } });
			const stream = await openStream(gateway.url("news"));
			await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
			lives.push((await stream.next("news")).id);
		}

		expect(lives[0]).not.toBe(lives[1]);
		for (const id of lives) expect(id).toMatch(/^api-1\..{8}\.1$/);
	});

	it("fit a header, whatever the node's name", async () => {
		const gateway = await startGateway({ broker: { nodeID: "węzeł nr 1\n" } });
		const stream = await openStream(gateway.url("news"));
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });

		expect((await stream.next("news")).id).toMatch(/^w%C4%99ze%C5%82%20nr%201%0A\..{8}\.1$/);
	});

	it("are missing if the sending node has no middleware", async () => {
		const gateway = await startGateway({ middleware: false });
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: { plain: true } });
		await stream.next("news");

		expect(stream.text).toMatch(/\n\nevent: news\ndata: \{"plain":true\}\n\n$/);
	});
});

describe("besides the plugin", () => {
	it("the middleware leaves other events as they are", async () => {
		const got: unknown[] = [];
		const listener = {
			name: "listener",
			events: {
				"order.created": (ctx: { params: unknown; meta: object }) => {
					got.push([ctx.params, ctx.meta]);
				},
				"sse.sent": (ctx: { params: unknown }) => {
					got.push(ctx.params);
				}
			}
		};
		const gateway = await startGateway({ services: [listener] });
		await gateway.broker.broadcast("order.created", { sessionId: 7 }, { meta: { user: "alice" } });
		await gateway.broker.emit("order.created", 7);
		await gateway.broker.emit("sse.sent", { any: "thing" });

		expect(got).toEqual([[{ sessionId: 7 }, { user: "alice" }], [7, {}], { any: "thing" }]);
	});

	it("other listeners of sse.send get the event too", async () => {
		const got: unknown[] = [];
		const listener = {
			name: "audit",
			events: {
				"sse.send": (ctx: { params: unknown }) => {
					got.push(ctx.params);
				}
			}
		};
		const gateway = await startGateway({ services: [listener] });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		expect(got).toEqual([
			{ eventName: "news", sessionId: "alice", json: "1", id: expect.stringMatching(/\.1$/) }
		]);
	});

	it("two gateways of one node each serve their own streams", async () => {
		const node = new TestNode();
		const gateways = ["api", "admin"].map(name => new TestGateway(node, { name }));
		await node.broker.start();
		const streams = await Promise.all(
			gateways.map(gateway => openStream(gateway.url("news"), { session: "alice" }))
		);
		await node.send({ eventName: "news", sessionId: "alice", payload: "both" });
		await Promise.all(streams.map(stream => stream.next("news")));
		await settle(gateways[0] as TestGateway, streams);

		expect(streams.map(payloads)).toEqual([["both"], ["both"]]);
		expect(gateways.map(({ held }) => held.streams)).toEqual([1, 1]);
	});

	it("two gateways of a cluster each serve their own streams, with the same ids", async () => {
		const one = await startGateway({ broker: memberOf("fan-out", "one") });
		const two = await startGateway({ broker: memberOf("fan-out", "two") });
		await meet(one.broker, two.broker);
		const streams = await Promise.all(
			[one, two].map(gateway => openStream(gateway.url("news"), { session: "alice" }))
		);
		await one.send({ eventName: "news", sessionId: "alice", payload: "both" });
		const [a, b] = await Promise.all(streams.map(stream => stream.next("news")));

		expect(a).toEqual(b);
		expect(a?.id).toMatch(/^one\./);
	});
});
