import { describe, expect, it } from "@jest/globals";
import { openStream, requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway } from "../support/gateway/gateway.ts";
import { held } from "../support/memory.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { Turns } from "../support/turns.ts";

/** Bytes that the history may take here; it takes 16 MiB. */
const HISTORY = 32 * 1024 * 1024;
/** Kept by the test itself: its client's 100,000 events, parsed, and the sends, in 42 MiB. */
const MARGIN = 64 * 1024 * 1024;

describe("100,000 events that are sent in one tick", () => {
	it("all arrive, in order, at a client that comes back where it was cut off", async () => {
		const gateway = await startGateway({
			broker: { logger: false },
			sse: { history: { maxBytes: HISTORY }, retry: [0, 0] }
		});
		const count = 100_000;
		const before = await held();
		let stream: StreamClient = await openStream(gateway.url("news"), { session: "alice" });
		const got: number[] = [];
		let place: string | undefined;
		const turns = new Turns();
		onTestFinished(() => turns.stop());
		const sending = Array.from({ length: count }, (_, n) =>
			gateway.send({ eventName: "news", sessionId: "alice", payload: n })
		);
		await Promise.all(sending);
		await new Promise(resolve => setTimeout(resolve, 50));
		const tick = turns.takeLongest();
		while (got.length < count) {
			await stream
				.until(() => {
					const last = stream.events.findLast(({ event }) => event === "news");
					return last?.data === String(count - 1);
				})
				.catch(() => {});
			expect(stream.received("sse.reset")).toEqual([]);
			got.push(...(stream.received("news") as number[]));
			place = stream.events.findLast(({ id }) => id)?.id ?? place;
			if (got.length >= count) break;
			await stream.end;
			stream = await requestStream(gateway.url("news"), {
				session: "alice",
				headers: { "last-event-id": place }
			});
		}
		const behind = turns.takeLongest();

		expect(got).toEqual(Array.from({ length: count }, (_, n) => n));
		// 1.3 s on two cores: 13 µs per event, from the call to the written frame
		expect(tick).toBeLessThan(5000);
		// afterwards nothing holds up the loop
		expect(behind).toBeLessThan(1000);
		const after = await held();
		expect(after.all - before.all).toBeLessThan(HISTORY + MARGIN);
	});
});

describe("streams that never read", () => {
	it("are cut off, each at its limit, and the others get everything", async () => {
		const gateway = await startGateway({
			broker: { logger: false },
			sse: { buffer: { maxBytes: 65_536 } }
		});
		const stalled = await Promise.all(
			Array.from({ length: 50 }, () => openStream(gateway.url("news"), { session: "alice" }))
		);
		for (const stream of stalled) stream.stall();
		const reader = await openStream(gateway.url("news"), { session: "alice" });
		const payload = "x".repeat(50_000);
		for (let n = 0; n < 200; n++) {
			await gateway.send({ eventName: "news", sessionId: "alice", payload: `${n} ${payload}` });
			await new Promise(resolve => setTimeout(resolve, 5));
		}
		await reader.next("news", 200);

		await eventually(() => expect(gateway.held.streams).toBe(1));
		reader.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});
});
