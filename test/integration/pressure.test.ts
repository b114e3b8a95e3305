import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway } from "../support/gateway.ts";
import { openHttp2Stream } from "../support/http2-client.ts";
import { openStream } from "../support/stream-client.ts";

const NEWS = "news";

describe("an HTTP/2 connection that stands still", () => {
	/** Takes in no more bytes at all, and answers nothing: as a laptop that was closed. */
	it.each(["before anything was written to it", "with more unsent than a stream may have"])(
		"does not hold up a node that stops: %s",
		async course => {
			const gateway = await startGateway({
				sse: { buffer: { maxBytes: 200_000 } },
				settings: { http2: true }
			});
			const { port } = new URL(gateway.origin);
			const tcp = connectTcp(Number(port), "127.0.0.1");
			onTestFinished(() => void tcp.destroy());
			const settings = { initialWindowSize: 2 ** 30 };
			const session = connect(gateway.origin, { createConnection: () => tcp, settings });
			session.on("error", () => {});
			session.once("connect", () => session.setLocalWindowSize(2 ** 30));
			await openHttp2Stream(session, gateway.url(NEWS), { session: "A" });
			tcp.pause();
			(tcp as unknown as { _handle: { readStop(): void } })._handle.readStop();

			if (course.startsWith("with")) {
				const event = { eventName: NEWS, sessionId: "A", payload: "x".repeat(50_000) };
				await eventually(
					async () => {
						await gateway.send(event);
						expect(gateway.held).toEqual(NOTHING);
					},
					{ timeout: 10_000, interval: 1 }
				);
			}
			const began = performance.now();
			await gateway.broker.stop();
			expect(performance.now() - began).toBeLessThan(1000);
			expect(gateway.held).toEqual(NOTHING);
		}
	);
});

describe("a burst", () => {
	it("larger than the bound does not cut off a client that reads", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url(NEWS), { session: "A" });
		const pad = "x".repeat(1000);
		for (let n = 0; n < 1500; n++) {
			gateway.send({ eventName: NEWS, sessionId: "A", payload: { n, pad } });
		}
		await stream.next(NEWS, 1500);
		const numbers = (stream.received(NEWS) as { n: number }[]).map(({ n }) => n);
		expect(numbers).toEqual(Array.from({ length: 1500 }, (_, n) => n));
	});
});

describe("a replay", () => {
	it("gets through whatever the bound is", async () => {
		const gateway = await startGateway({ sse: { buffer: { maxBytes: 16_384 } } });
		const first = await openStream(gateway.url(NEWS), { session: "A" });
		const place = first.events.findLast(({ id }) => id)?.id as string;
		first.close();
		for (let n = 0; n < 400; n++) {
			await gateway.send({ eventName: NEWS, sessionId: "A", payload: "x".repeat(500) });
		}
		const headers = { "Last-Event-ID": place };
		const back = await openStream(gateway.url(NEWS), { session: "A", headers });
		await back.next(NEWS, 400);
	});
});
