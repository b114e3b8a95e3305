import type { OutgoingHttpHeaders } from "node:http";
import { describe, expect, it } from "@jest/globals";
import type { StreamLimits } from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream, requestHttp2 } from "../support/clients/http2-client.ts";
import { type RequestOptions, refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import {
	type GatewaySetup,
	held,
	NOTHING,
	startGateway,
	type TestGateway
} from "../support/gateway/gateway.ts";

const start = (limits: Partial<StreamLimits>, { sse = {}, ...setup }: GatewaySetup = {}) =>
	startGateway({ ...setup, sse: { ...sse, limits } });

/** A stream that is sent away in a form that EventSource understands; returns when it may come back. */
async function sentAway(stream: StreamClient | Promise<StreamClient>): Promise<number> {
	const { status, headers, ...rest } = await stream;
	const client = Object.assign(await stream, rest);
	expect(status).toBe(200);
	expect(headers["content-type"]).toBe("text/event-stream");
	expect(await client.end).toBe("ended");
	expect(client.text).toMatch(/^retry: \d+\nevent: sse\.close\ndata: \{"reason":"limit"\}\n\n$/);
	return client.retries[0] as number;
}

/** Sends HEAD requests over one HTTP/2 connection, and reads each response to its end. */
function headHttp2(gateway: TestGateway) {
	const connection = connectHttp2(gateway.origin);
	return async () => {
		const headers = { ":method": "HEAD" };
		const response = await requestHttp2(connection, gateway.url("news"), { headers });
		expect(await response.end).toBe("ended");
		return response;
	};
}

const come = (gateway: TestGateway, options?: RequestOptions) =>
	requestStream(gateway.url("news"), options);

describe("over a limit a stream is sent away to come back, and let in when there is room:", () => {
	it("streams of the gateway", async () => {
		const gateway = await start({ streams: 2 });
		const [first] = [await openStream(gateway.url("a")), await openStream(gateway.url("a"))];
		const retry = await sentAway(come(gateway));
		expect(retry).toBeGreaterThanOrEqual(15_000);
		first?.close();
		await eventually(() => expect(gateway.held.unclosed).toBe(1));

		await openStream(gateway.url("news"));
		expect(gateway.log.at("warn").join()).toContain("limits.streams is reached");
	});

	it("streams of a session, by its own id, not by those that it shares", async () => {
		const gateway = await start(
			{ streamsPerSession: 2 },
			{ sse: { session: (_ctx, req) => [String(req.headers["x-user"]), "tenant:7"] } }
		);
		const as = (user: string) => ({ headers: { "x-user": user } });
		const first = await openStream(gateway.url("news"), as("alice"));
		await openStream(gateway.url("news"), as("alice"));
		await sentAway(come(gateway, as("alice")));
		await openStream(gateway.url("news"), as("bob"));
		first.close();
		await eventually(() => expect(gateway.held.unclosed).toBe(2));

		await openStream(gateway.url("news"), as("alice"));
	});

	it("streams of an address", async () => {
		const gateway = await start({ streamsPerIp: 1 });
		const first = await openStream(gateway.url("news"));
		await sentAway(come(gateway));
		first.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));

		await openStream(gateway.url("news"));
	});

	// A hundred long names take seven times the memory of the rest of a stream: a limit of streams alone did not bound it.
	it("event names of all streams together, which are counted until nothing is left of their streams", async () => {
		const gateway = await start({ eventNames: 4 });
		const [first] = [await openStream(gateway.url("a", "b")), await openStream(gateway.url("a"))];
		await openStream(gateway.url("c", "d"));
		expect(await sentAway(come(gateway))).toBeGreaterThanOrEqual(15_000);
		first?.close();
		await eventually(() => expect(gateway.held.unclosed).toBe(2));

		await openStream(gateway.url("news"));
		await sentAway(come(gateway));
		expect(gateway.log.at("warn").join()).toContain("limits.eventNames is reached");
	});

	it("opens per second", async () => {
		const gateway = await start({ opensPerSecond: 3 });
		const began = performance.now();
		const streams = await Promise.all(Array.from({ length: 5 }, () => come(gateway)));
		const ends = await Promise.all(
			streams.map(stream => Promise.race([stream.end, stream.next("sse.open")]))
		);
		// on a busy machine a third of a second may have passed, which lets in another
		const more = Math.floor(((performance.now() - began) / 1000) * 3);
		const refused = ends.filter(end => end === "ended").length;
		expect(refused).toBeLessThanOrEqual(2);
		expect(refused).toBeGreaterThanOrEqual(2 - more);

		await eventually(async () => {
			const stream = await come(gateway);
			await stream.until(() => stream.events.length > 0);
			expect(stream.events[0]?.event).toBe("sse.open");
			stream.close();
		});
	});

	it("over HTTP/2, whose connection stays open", async () => {
		const gateway = await start({ streamsPerSession: 1 }, { settings: { http2: true } });
		const connection = connectHttp2(gateway.origin);
		const stream = await openHttp2Stream(connection, gateway.url("news"), { session: "a" });
		await sentAway(requestHttp2(connection, gateway.url("news"), { session: "a" }));
		await gateway.send({ eventName: "news", sessionId: "a", payload: 1 });

		await stream.next("news");
	});
});

describe("a limit", () => {
	it.each<keyof StreamLimits>([
		"streams",
		"streamsPerSession",
		"streamsPerIp",
		"opensPerSecond",
		"eventNames",
		"eventNamesPerStream",
		"eventBytes",
		"recipientsPerEvent"
	])("is off at 0: %s", async limit => {
		const gateway = await startGateway({
			middleware: { limits: { recipientsPerEvent: 0 } },
			sse: { limits: { [limit]: 0 } }
		});
		const names = Array.from({ length: 150 }, (_, n) => `event-${n}`);
		const streams = await Promise.all(
			[1, 2, 3].map(() =>
				openStream(gateway.url(...(limit === "eventNamesPerStream" ? names : ["event-0"])), {
					session: "a"
				})
			)
		);
		const others = Array.from({ length: 20_000 }, (_, n) => `other-${n}`);
		const sessionId = limit === "recipientsPerEvent" ? ["a", ...others] : "a";
		await gateway.send({ eventName: "event-0", sessionId, payload: "x".repeat(100_000) });

		for (const stream of streams) await stream.next("event-0");
	});

	it.each<[Partial<StreamLimits>, number]>([
		[{ streams: 3 }, 3],
		[{ streams: 3, streamsPerSession: 2 }, 3],
		[{ streamsPerSession: 2 }, 4],
		[{ streamsPerIp: 3 }, 3]
	])(
		"holds for streams that open at the same time, while the application is asked: %j",
		async (limits, most) => {
			const gate = createGate<boolean>();
			let asked = 0;
			const authorize = () => {
				// all have arrived before any is open
				if (++asked === 20) gate.open(true);
				return gate.wait();
			};
			const gateway = await start(limits, { sse: { authorize } });
			await Promise.all(
				["alice", "bob"].flatMap(session =>
					Array.from({ length: 10 }, () => come(gateway, { session }))
				)
			);

			expect(asked).toBe(20);
			expect(gateway.held.streams).toBe(most);
		}
	);

	it.each<Partial<StreamLimits>>([
		{ streams: 1 },
		{ streamsPerIp: 1 },
		{ opensPerSecond: 1 },
		{ eventNames: 1 }
	])("is checked before the application is asked who comes: %j", async limits => {
		let asked = 0;
		const gateway = await start(limits, { sse: { session: () => `user-${++asked}` } });
		await openStream(gateway.url("news"));
		await sentAway(come(gateway));

		expect(asked).toBe(1);
	});

	it("tells each client another time to come back", async () => {
		const gateway = await start({ streams: 1 });
		await openStream(gateway.url("news"));
		const waits = await Promise.all(Array.from({ length: 10 }, () => sentAway(come(gateway))));

		expect(new Set(waits).size).toBeGreaterThan(5);
		for (const wait of waits) expect(wait).toBeLessThanOrEqual(22_500);
	});

	it("counts an ended stream until nothing of it is left", async () => {
		const gateway = await start({ streams: 1 }, { sse: { buffer: { maxBytes: 2 ** 26 } } });
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		stream.stall();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "x".repeat(8_000_000) });
		stream.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		await openStream(gateway.url("news"));

		expect(held(gateway.service).unclosed).toBe(1);
	});

	it("of open streams does not count HEAD, or refused requests", async () => {
		const gateway = await start(
			{ streams: 1, streamsPerIp: 1, streamsPerSession: 1 },
			{ sse: { authorize: (_ctx, { eventNames }) => eventNames[0] !== "secret" } }
		);
		await send(gateway.url("news"), { method: "HEAD" });
		expect((await refusal(gateway.url("secret"))).status).toBe(403);
		expect((await refusal(gateway.url())).status).toBe(400);

		await openStream(gateway.url("news"));
	});

	// HEAD bypassed the rate limit: a crowd that sent nothing else had `session` and `authorize` asked as often as it liked,
	// which the limit should prevent. Then it counted as a GET: clients that asked why they had been refused kept others out.
	it.each([false, true])(
		"of opens per second holds for HEAD too, and that keeps no stream out (HTTP/2: %s)",
		async http2 => {
			let asked = 0;
			const session = () => {
				asked++;
				return "alice";
			};
			const gateway = await start({ opensPerSecond: 1 }, { sse: { session }, settings: { http2 } });
			const url = gateway.url("news");
			const head = http2 ? headHttp2(gateway) : () => send(url, { method: "HEAD" });
			const answers = [];
			for (let n = 0; n < 30; n++) answers.push(await head());

			for (const { status, headers, text } of answers) {
				expect([status, headers["content-type"], text]).toEqual([200, "text/event-stream", ""]);
			}
			expect(asked).toBeGreaterThanOrEqual(1);
			expect(asked).toBeLessThan(15);
			expect(gateway.log.at("warn")).toEqual([]);
			expect(gateway.held).toEqual(NOTHING);
			if (!http2) await openStream(url);
		}
	);

	// HEAD was answered before the limits were looked at: a session that gets 204, at which a client has to stop, got 200.
	it("answers HEAD as GET, also a session that is sent away for good, and counts none", async () => {
		const gateway = await start({ streamsPerSession: 1 }, { sse: { session: () => "alice" } });
		const url = gateway.url("news");
		const head = async () => (await send(url, { method: "HEAD" })).status;
		const stream = await openStream(url);
		for (let n = 0; n < 120; n++) expect(await head()).toBe(200);
		const place = { headers: { "last-event-id": (await stream.next("sse.open")).id } };
		expect((await send(url, { method: "HEAD", ...place })).status).toBe(200);
		expect(gateway.held).toMatchObject({ streams: 1 });
		expect(gateway.log.at("warn")).toEqual([]);
		// nobody has been sent away yet: the wait is the shortest
		expect(await sentAway(come(gateway))).toBeLessThanOrEqual(22_500);
		let status: number | undefined = 200;
		for (let n = 0; n < 110; n++) status = (await send(url)).status;
		expect(status).toBe(204);

		expect(await head()).toBe(204);
	});

	it("of names answers 400 for more of them, and counts a repeated name once", async () => {
		const gateway = await start({ eventNamesPerStream: 2 });
		await openStream(gateway.url("a", "b", "a", "b"));
		const { status, error } = await refusal(gateway.url("a", "b", "c"));

		expect([status, error.type]).toEqual([400, "SSE_INVALID_REQUEST"]);
	});

	it("of an event's bytes makes the gateway drop an event with one more, and log that", async () => {
		const gateway = await start({ eventBytes: 1000 });
		const stream = await openStream(gateway.url("news"), { session: "a" });
		const payload = "x".repeat(998);
		await gateway.send({ eventName: "news", sessionId: "a", payload: `${payload}x` });
		await gateway.send({ eventName: "news", sessionId: "a", payload });
		await stream.next("news");

		expect(stream.received("news")).toEqual([payload]);
		expect(gateway.log.at("warn").join()).toContain("more than 1000 bytes");
	});
});

// Each id has an entry in the history: one event for 120,000 of them took the place of all events before it.
describe("an event for more session ids than the limit", () => {
	const crowd = (count: number) => Array.from({ length: count }, (_, n) => `session-${n}`);

	it("is dropped by the gateway, which logs that, and one that just has as many is not", async () => {
		const gateway = await startGateway({
			middleware: { limits: { recipientsPerEvent: 0 } },
			sse: { limits: { recipientsPerEvent: 3 } }
		});
		const stream = await openStream(gateway.url("news"), { session: "session-0" });
		await gateway.send({ eventName: "news", sessionId: crowd(4), payload: "too many" });
		await gateway.send({ eventName: "news", sessionId: crowd(3), payload: "as many" });
		await stream.next("news");

		expect(stream.received("news")).toEqual(["as many"]);
		expect(gateway.log.at("warn").join()).toContain('"sessionId" has 4 session ids, more than 3');
	});

	it("is refused where it was sent, with the field and the remedy; the default is 10,000", async () => {
		const gateway = await startGateway();
		await gateway.send({ eventName: "news", sessionId: crowd(10_000), payload: 1 });
		const refused = gateway.send({ eventName: "news", sessionId: crowd(10_001), payload: 2 });

		await expect(refused).rejects.toMatchObject({
			type: "SSE_INVALID_EVENT",
			data: { field: "sessionId" },
			message: expect.stringMatching(/10001 session ids, more than 10000.*to one id that/)
		});
	});

	it("leaves events before it in the history, if it has as many ids as the default allows", async () => {
		const gateway = await startGateway();
		const first = await openStream(gateway.url("news"), { session: "alice" });
		const { id = "" } = await first.next("sse.open");
		first.close();
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "missed" });
		await gateway.send({ eventName: "news", sessionId: crowd(10_000), payload: 0 });
		const back = { session: "alice", headers: { "Last-Event-ID": id } };
		const again = await openStream(gateway.url("news"), back);
		await again.next("news");

		expect(again.received("news")).toEqual(["missed"]);
	});
});

describe("a client that comes back at once", () => {
	it.each<[string, Partial<StreamLimits>, RequestOptions]>([
		["with a session", { streamsPerSession: 1 }, { session: "alice" }],
		["from an address", { streamsPerIp: 1 }, {}]
	])("waits longer each time: %s", async (_, limits, options) => {
		const gateway = await start(limits);
		await openStream(gateway.url("news"), options);
		const waits: number[] = [];
		for (let n = 0; n < 6; n++) waits.push(await sentAway(come(gateway, options)));

		expect(waits[5]).toBeGreaterThan((waits[0] as number) * 2);
		expect(Math.max(...waits)).toBeLessThanOrEqual(450_000);
	});

	it("a hundred times gets 204, after which EventSource stops", async () => {
		const gateway = await start({ streamsPerSession: 1 });
		await openStream(gateway.url("news"), { session: "alice" });
		for (let n = 0; n < 101; n++) await sentAway(come(gateway, { session: "alice" }));
		const { status, text } = await send(gateway.url("news"), { session: "alice" });
		expect([status, text]).toEqual([204, ""]);

		// and nobody else does
		await openStream(gateway.url("news"), { session: "bob" });
		await sentAway(come(gateway, { session: "bob" }));
	});

	it("a hundred times from one address does not: behind it there may be many", async () => {
		const gateway = await start({ streamsPerIp: 1 });
		await openStream(gateway.url("news"));
		for (let n = 0; n < 110; n++) await sentAway(come(gateway));
	});
});

// A crowd of visitors had the one cookie that the site's banner sets, or the one key of its pages: they were taken for one
// hammering client, waited up to five minutes, and were sent away for good after a hundred.
describe("many that come for the first time, with equal headers", () => {
	it.each<[string, Partial<StreamLimits>, OutgoingHttpHeaders, [number, number]]>([
		["a cookie, to a full gateway", { streams: 1 }, { cookie: "ok=1" }, [15_000, 22_500]],
		["a key, to a full gateway", { streams: 1 }, { authorization: "x" }, [15_000, 22_500]],
		["a cookie, too many a second", { opensPerSecond: 1 }, { cookie: "ok=1" }, [5000, 90_000]],
		["a key, too many a second", { opensPerSecond: 1 }, { authorization: "x" }, [5000, 90_000]]
	])(
		"wait no longer than others, and are not told to stop: %s",
		async (_, limits, headers, range) => {
			const gateway = await start(limits);
			await openStream(gateway.url("news"));
			const waits: number[] = [];
			while (waits.length < 150) {
				const stream = await come(gateway, { headers });
				await stream.until(() => stream.events.length > 0);
				// at one per second, one or the other is let in
				if (stream.events[0]?.event === "sse.open") stream.close();
				else waits.push(await sentAway(stream));
			}

			expect(Math.min(...waits)).toBeGreaterThanOrEqual(range[0]);
			expect(Math.max(...waits)).toBeLessThanOrEqual(range[1]);
		}
	);
});

describe("the client's address", () => {
	/** Streams of clients for which a proxy gives these addresses; returns how many of them open. */
	async function opened(sse: GatewaySetup["sse"], forwarded: string[]): Promise<number> {
		const gateway = await start({ streamsPerIp: 1 }, { sse: sse ?? {} });
		for (const address of forwarded) {
			const stream = await come(gateway, { headers: { "x-forwarded-for": address } });
			await stream.until(() => stream.events.length > 0);
		}
		return gateway.held.streams;
	}
	const three = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];

	it("is the connection's, whatever a client claims", async () => {
		expect(await opened({}, three)).toBe(1);
		expect(await opened({ trustProxy: false }, three)).toBe(1);
		expect(await opened({ trustProxy: 0 }, three)).toBe(1);
		expect(await opened({ trustProxy: ["10.0.0.0/8"] }, three)).toBe(1);
	});

	it.each([[1], [true], ["loopback"], [["127.0.0.1"]], [["::1", "127.0.0.0/8"]]])(
		"is what a trusted proxy says: %j",
		async trustProxy => {
			expect(await opened({ trustProxy }, three)).toBe(3);
		}
	);

	it("is what the last trusted proxy saw, not what a client wrote before it", async () => {
		const forged = three.map(address => `${address}, 198.51.100.7`);
		expect(await opened({ trustProxy: 1 }, forged)).toBe(1);
		expect(await opened({ trustProxy: ["loopback"] }, forged)).toBe(1);
		expect(await opened({ trustProxy: 2 }, forged)).toBe(3);
	});

	it("of IPv6 is that of the network, within which a client may have any", async () => {
		const addresses = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::1", "2001:db8:0:1::1"];
		expect(await opened({ trustProxy: 1 }, addresses)).toBe(2);
	});

	it("that is invalid counts as one client for all", async () => {
		expect(await opened({ trustProxy: 1 }, ["a", "b", "unix:", "x".repeat(5000)])).toBe(1);
	});
});
