import { describe, expect, it } from "@jest/globals";
import type { SseGateway, SseMixinOptions } from "../../mixins/sse/index.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { send } from "../support/clients/request.ts";
import { openStream, requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { runningTime } from "../support/running-time.ts";

const DRAIN = 1000;
/** So many streams, 10 ms apart, take all of it. */
const ENOUGH = 120;
const ready = (gateway: TestGateway) => (gateway.service as unknown as SseGateway).sseReady();
const openMany = (gateway: TestGateway, count: number) =>
	Promise.all(Array.from({ length: count }, () => openStream(gateway.url("news"))));

interface OtherSetup {
	sse?: SseMixinOptions;
	isGone?: boolean;
}

const knows = (gateway: TestGateway, nodeID: string) =>
	gateway.broker.registry.getNodeList({ onlyAvailable: true }).some(({ id }) => id === nodeID);

/** Two gateways that know each other. @param routes Of the other. */
async function startTwo(sse: SseMixinOptions, otherSse: SseMixinOptions = {}, routes?: object[]) {
	const namespace = crypto.randomUUID();
	const gateway = await startGateway({ sse, broker: memberOf(namespace, "gateway") });
	const broker = memberOf(namespace, "other");
	const other = await startGateway({ sse: otherSse, settings: routes ? { routes } : {}, broker });
	await meet(gateway.broker, other.broker);
	return { gateway, other };
}

describe("a node that stops", () => {
	it("closes its streams spread over the window, each with a retry of its own", async () => {
		const gateway = await startGateway({ sse: { drain: DRAIN, retry: [1000, 9_000_000] } });
		const streams = await openMany(gateway, ENOUGH);
		const ends: number[] = [];
		const ended = streams.map(async (stream, index) => {
			expect(await stream.end).toBe("ended");
			ends.push(index);
		});
		const began = performance.now();
		const stopped = gateway.broker.stop();
		const running = runningTime(() => Promise.all([stopped, ...ended]));
		// half are still there when a few are gone
		await eventually(() => expect(ends.length).toBeGreaterThan(0));
		expect(gateway.held.streams).toBeGreaterThan(ENOUGH / 2);
		const took = await running;

		expect(performance.now() - began).toBeGreaterThan(DRAIN * 0.9);
		expect(took).toBeLessThan(DRAIN + 1000);
		// not in the order in which they came
		expect(ends).not.toEqual([...ends].sort((a, b) => a - b));
		for (const stream of streams) {
			expect(stream.text).toMatch(
				/\n\nretry: \d+\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/
			);
		}
		expect(new Set(streams.map(({ retries }) => retries[1])).size).toBeGreaterThan(ENOUGH - 5);
		expect(gateway.held).toEqual(NOTHING);
	});

	// Its clients came back to it during its stop, several times each, and were sent away each time.
	describe("and knows of no other gateway", () => {
		const retry: [number, number] = [0, 100];
		const away = async (stream: StreamClient) => {
			await stream.end;
			return stream.retries.at(-1) as number;
		};

		it("tells its clients to come back when it has stopped, whenever they are told", async () => {
			const gateway = await startGateway({ sse: { drain: DRAIN, retry } });
			const streams = await openMany(gateway, ENOUGH);
			const began = performance.now();
			const over = async (stream: StreamClient) => {
				const wait = await away(stream);
				return performance.now() + wait;
			};
			const ends = Promise.all(streams.map(over));
			const stopped = gateway.broker.stop();
			await eventually(() => expect(gateway.held.streams).toBeLessThan(ENOUGH));
			const late = over(await requestStream(gateway.url("news")));
			await stopped;
			const isOver = performance.now();

			for (const comesBack of [...(await ends), await late]) {
				expect(comesBack).toBeGreaterThan(Math.min(isOver, began + DRAIN));
			}
		});

		it("also tells those that fail before they reach their stream", async () => {
			const use = [
				(_req: unknown, _res: unknown, next: (error: Error) => void) => next(new Error("away"))
			];
			const aliases = { "GET /events": { type: "sse" } };
			const gateway = await startGateway({
				sse: { drain: DRAIN, retry },
				settings: { routes: [{ path: "/live", use, aliases }] }
			});
			await openMany(gateway, ENOUGH);
			const stopped = gateway.broker.stop();
			await eventually(() => expect(gateway.held.streams).toBeLessThan(ENOUGH));
			const late = await requestStream(gateway.at("/live/events", "news"));
			expect(await away(late)).toBeGreaterThan(1000);
			expect(late.received("sse.close")).toEqual([{ reason: "unavailable" }]);
			await stopped;
		});

		it.each([
			["of another path", { sse: { path: "/other" } }],
			["of none", { sse: { path: null } }],
			["that is gone", { isGone: true }]
		])("even if there is one %s", async (_, { sse = {}, isGone = false }: OtherSetup) => {
			const { gateway, other } = await startTwo({ drain: DRAIN, retry }, sse);
			if (isGone) {
				await other.broker.stop();
				await eventually(() => expect(knows(gateway, "other")).toBe(false));
			}
			const [stream] = (await openMany(gateway, 1)) as [StreamClient];
			const told = away(stream);
			await gateway.broker.stop();
			expect(await told).toBeGreaterThan(retry[1]);
		});
	});

	it("sends them to another gateway soon", async () => {
		const retry: [number, number] = [0, 100];
		const { gateway } = await startTwo({ drain: DRAIN, retry });
		const [stream] = (await openMany(gateway, 1)) as [StreamClient];
		await gateway.broker.stop();
		await stream.end;
		expect(stream.retries.at(-1)).toBeLessThanOrEqual(retry[1]);
	});

	it("sends them soon to another one that has a route of the same path", async () => {
		const retry: [number, number] = [0, 100];
		const route = { path: "/sse", aliases: { "GET /event-stream": { type: "sse" } } };
		const { gateway } = await startTwo({ drain: DRAIN, retry }, { path: null }, [route]);
		const [stream] = (await openMany(gateway, 1)) as [StreamClient];
		await gateway.broker.stop();
		await stream.end;
		expect(stream.retries.at(-1)).toBeLessThanOrEqual(retry[1]);
	});

	it.each([{ drain: 0 }, { drain: 200, retry: null }])(
		"gives them no other retry than they have, at %j",
		async sse => {
			const gateway = await startGateway({ sse });
			const [stream] = await openMany(gateway, 1);
			await gateway.broker.stop();

			expect(await stream?.end).toBe("ended");
			expect(stream?.text).toMatch(/\n\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/);
		}
	);

	it("first stops accepting new ones: it says so, and sends them away to come back", async () => {
		const gateway = await startGateway({ sse: { drain: DRAIN } });
		await openMany(gateway, ENOUGH);
		expect(ready(gateway)).toBe(true);
		const stopped = gateway.broker.stop();
		expect(ready(gateway)).toBe(false);
		await eventually(() => expect(gateway.held.streams).toBeLessThan(ENOUGH));
		const late = await requestStream(gateway.url("news"));

		expect(await late.end).toBe("ended");
		expect(late.text).toMatch(/^retry: \d+\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/);
		expect(gateway.held.streams).toBeGreaterThan(0);
		await stopped;
	});

	it("still delivers events to open streams, and answers other requests", async () => {
		const gateway = await startGateway({
			sse: { drain: DRAIN },
			settings: {
				routes: [
					{
						path: "/",
						aliases: {
							"GET /ping": (_req: unknown, res: { end(text: string): void }) => res.end("pong")
						}
					}
				]
			}
		});
		const streams = await openMany(gateway, ENOUGH);
		const stopped = gateway.broker.stop();
		await eventually(() => expect(gateway.held.streams).toBeLessThan(ENOUGH));
		await gateway.send({ eventName: "news", sessionId: "*", payload: "late news" });
		expect((await send(`${gateway.origin}/ping`)).text).toBe("pong");
		await stopped;

		const got = streams.filter(stream => stream.received("news").length === 1);
		expect(got.length).toBeGreaterThan(0);
	});

	it("returns at once without streams, and as soon as all have left", async () => {
		const empty = await startGateway({ sse: { drain: 60_000 } });
		const took = await runningTime(() => empty.broker.stop());
		expect(took).toBeLessThan(1000);

		const gateway = await startGateway({ sse: { drain: 60_000 }, broker: { nodeID: "node-2" } });
		const streams = await openMany(gateway, 1000);
		const left = performance.now();
		const stopped = gateway.broker.stop();
		for (const stream of streams) stream.close();
		await stopped;
		expect(performance.now() - left).toBeLessThan(9000);
		expect(gateway.held).toEqual(NOTHING);
	});

	// One stream took as long as 50,000: all of `drain`. Jest gives a hook five seconds, `tsx watch` a process; and a page that
	// came back to a reloaded service got nothing but `sse.close` meanwhile.
	it.each([1, 3])("does so within a moment if it has no more than %i", async count => {
		const gateway = await startGateway({ sse: { drain: 60_000 } });
		const streams = await openMany(gateway, count);
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(5000);
		for (const stream of streams) {
			expect(await stream.end).toBe("ended");
			expect(stream.received("sse.close")).toEqual([{ reason: "drain" }]);
		}
		expect(gateway.held).toEqual(NOTHING);
	});

	it("does not wait for clients that do not read, except for a moment", async () => {
		const gateway = await startGateway({
			sse: { drain: 200, buffer: { maxBytes: 2 ** 26 } }
		});
		const stream = await openStream(gateway.url("news"), { session: "a" });
		stream.stall();
		await gateway.send({ eventName: "news", sessionId: "a", payload: "x".repeat(8_000_000) });
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(1500);
	});

	it("drains streams over HTTP/2, and releases their connections", async () => {
		const gateway = await startGateway({ sse: { drain: 200 }, settings: { http2: true } });
		const session = connectHttp2(gateway.origin);
		const streams = await Promise.all(
			[1, 2, 3].map(() => openHttp2Stream(session, gateway.url("news")))
		);
		await gateway.broker.stop();

		for (const stream of streams) expect(stream.text).toContain('{"reason":"drain"}');
	});

	it("may start again, and is ready then", async () => {
		const gateway = await startGateway({ sse: { drain: 200 } });
		await openMany(gateway, 3);
		await gateway.broker.stop();
		await gateway.broker.start();

		expect(ready(gateway)).toBe(true);
		await openMany(gateway, 3);
	});

	it("may be asked to stop twice", async () => {
		const gateway = await startGateway({ sse: { drain: 300 } });
		await openMany(gateway, 3);
		const { broker, service } = gateway;
		await Promise.all([
			broker.destroyService(service),
			broker.destroyService(service),
			broker.stop()
		]);

		expect(gateway.held).toEqual(NOTHING);
	});
});
