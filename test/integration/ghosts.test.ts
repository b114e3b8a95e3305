import { describe, expect, it } from "@jest/globals";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { connectHttp2, requestHttp2 } from "../support/clients/http2-client.ts";
import { refusal } from "../support/clients/request.ts";
import {
	FLOOD,
	openStream,
	requestStream,
	type StreamClient
} from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";

const start = (streamsPerSession: number, sse: SseMixinOptions = {}) =>
	startGateway({ sse: { retry: [2000, 5000], ...sse, limits: { streamsPerSession } } });

const place = ({ events }: StreamClient) => events.findLast(({ id }) => id)?.id as string;

/** A request of alice, who says where she was if she was here before. */
function come(gateway: TestGateway, lastEventId?: string, ...names: string[]) {
	const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
	const url = gateway.url(...(names.length > 0 ? names : ["news"]));
	return requestStream(url, { session: "alice", headers });
}

async function open(gateway: TestGateway, lastEventId?: string, ...names: string[]) {
	const stream = await come(gateway, lastEventId, ...names);
	await stream.next("sse.open");
	return stream;
}

async function isSentAway(coming: Promise<StreamClient>): Promise<void> {
	const stream = await coming;
	expect(await stream.end).toBe("ended");
	expect(stream.events.map(({ event }) => event)).toEqual(["sse.close"]);
	expect(stream.received("sse.close")).toEqual([{ reason: "limit" }]);
}

const toAlice = (payload: unknown) => ({ eventName: "news", sessionId: "alice", payload });

// Its network was lost silently, like that of a phone that leaves a Wi-Fi: for the gateway its old stream was open, and kept it
// out until its `timeout`.
describe("a client that comes back to a session at its limit", () => {
	it("takes the place of the stream that it left behind, and misses nothing", async () => {
		const gateway = await start(1);
		const ghost = await open(gateway);
		ghost.stall();
		await gateway.send(toAlice(1));
		const stream = await open(gateway, place(ghost));
		await stream.next("news");
		await gateway.send(toAlice(2));
		await stream.next("news", 2);

		expect(stream.received("sse.open")).toMatchObject([{ eventNames: ["news"], resumed: true }]);
		expect(stream.received("news")).toEqual([1, 2]);
		await eventually(() => expect(gateway.held).toMatchObject({ streams: 1, unclosed: 1 }));
	});

	it("does so over HTTP/2", async () => {
		const gateway = await startGateway({
			sse: { limits: { streamsPerSession: 1 } },
			settings: { http2: true }
		});
		const connections = [connectHttp2(gateway.origin), connectHttp2(gateway.origin)] as const;
		const [url, session] = [gateway.url("news"), "alice"];
		const ghost = await requestHttp2(connections[0], url, { session });
		await ghost.next("sse.open");
		const headers = { "last-event-id": place(ghost) };
		const stream = await requestHttp2(connections[1], url, { session, headers });
		await stream.next("sse.open");
		await eventually(() => expect(gateway.held).toMatchObject({ streams: 1, unclosed: 1 }));
	});

	it("with all its streams, as after a lost network", async () => {
		const gateway = await start(3);
		const ghosts = [await open(gateway), await open(gateway), await open(gateway)];
		const streams = await Promise.all(ghosts.map(ghost => open(gateway, place(ghost))));
		await gateway.send(toAlice(1));
		for (const stream of streams) await stream.next("news");
	});

	it("makes a live stream give way, which is told to come back, and when", async () => {
		const gateway = await start(1);
		const alive = await open(gateway);
		await open(gateway, place(alive));

		expect(await alive.end).toBe("ended");
		expect(alive.received("sse.close")).toEqual([{ reason: "limit" }]);
		expect(alive.retries.at(-1)).toBeLessThanOrEqual(5000);
	});

	it("makes the one give way that takes nothing, before older ones", async () => {
		const gateway = await start(2, { buffer: { maxBytes: 2 ** 26 } });
		const alive = await open(gateway);
		const ghost = await open(gateway);
		ghost.stall();
		await gateway.send(toAlice(FLOOD));
		await alive.next("news");
		await open(gateway, place(ghost));
		await gateway.send(toAlice(1));
		await alive.next("news", 2);

		expect(alive.received("sse.close")).toEqual([]);
	});

	it("is sent away if its streams have other names", async () => {
		const gateway = await start(2);
		const stream = await open(gateway, undefined, "news", "prices");
		await open(gateway, undefined, "prices");
		await isSentAway(come(gateway, place(stream), "news"));
		await open(gateway, place(stream), "prices", "news");
	});

	it("takes no stream of a session with which it shares an id", async () => {
		const session: SseMixinOptions["session"] = (_ctx, { headers }) => [
			String(headers["x-user"]),
			"tenant:7"
		];
		const gateway = await start(1, { session });
		const as = (user: string) => ({ headers: { "x-user": user, "Last-Event-ID": "n.e.1" } });
		const tenant = await openStream(gateway.url("news"), as("tenant:7"));
		const alice = await openStream(gateway.url("news"), as("alice"));
		await openStream(gateway.url("news"), as("tenant:7"));

		expect(await tenant.end).toBe("ended");
		expect(alice.received("sse.close")).toEqual([]);
		expect(gateway.held.streams).toBe(2);
	});

	// Two live ones would otherwise take turns for ever, at whatever rate they like.
	it("is sent away if the session has had as many replaced within a minute", async () => {
		const gateway = await start(2);
		const streams = [await open(gateway), await open(gateway)];
		for (const stream of streams) await open(gateway, place(stream));
		for (const stream of streams) await isSentAway(come(gateway, place(stream)));

		const bob = { session: "bob", headers: { "Last-Event-ID": "n.e.1" } };
		for (let n = 0; n < 4; n++) await openStream(gateway.url("news"), bob);
	});

	it("has nothing replaced by a used ticket", async () => {
		const secret = "0123456789abcdef0123456789abcdef";
		const gateway = await startGateway({
			sse: { limits: { streamsPerSession: 1 }, ticket: { secret } },
			settings: { routes: [{ path: "/api", aliases: { "GET /ticket": "api.sseTicket" } }] }
		});
		const asked = await fetch(`${gateway.origin}/api/ticket?eventName=news`, {
			headers: { cookie: "sid=alice" }
		});
		const { ticket } = (await asked.json()) as { ticket: string };
		const url = `${gateway.url("news")}&ticket=${ticket}`;
		const stream = await openStream(url);
		const { status } = await refusal(url, { headers: { "Last-Event-ID": place(stream) } });
		await gateway.send(toAlice(1));
		await stream.next("news");

		expect(status).toBe(401);
		expect(stream.received("sse.close")).toEqual([]);
	});

	it("leaves nothing behind", async () => {
		const gateway = await start(1);
		const first = await open(gateway);
		const second = await open(gateway, place(first));
		second.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		const { limits } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));

		expect(limits.counted).toBe(0);
	});
});

it("a client that comes for the first time to a session at its limit makes no stream give way", async () => {
	const gateway = await start(1);
	const stream = await open(gateway);
	await isSentAway(come(gateway));
	await gateway.send(toAlice(1));
	await stream.next("news");

	expect(stream.received("sse.close")).toEqual([]);
});
