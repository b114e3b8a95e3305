import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { openHttp2Stream } from "../support/clients/http2-client.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { runningTime } from "../support/running-time.ts";

const NEWS = "news";

describe("a stalled HTTP/2 connection", () => {
	/** Takes no more bytes at all, and answers nothing: like a laptop that was closed. */
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
			const took = await runningTime(() => gateway.broker.stop());
			expect(took).toBeLessThan(1000);
			expect(gateway.held).toEqual(NOTHING);
		}
	);
});

// Node calls a session closed whose client has sent GOAWAY, and waits for that client to hang up; and so it does behind a
// request that was still being answered when the stop checked, which it did only once.
describe("an HTTP/2 client that has streamed and never hangs up", () => {
	it.each([
		["says that it sends no more", "goaway"],
		["has another request answered meanwhile", "slow"]
	])("does not hold up a node that stops: it %s", async (_, what) => {
		const gateway = await startGateway({
			settings: {
				http2: true,
				routes: [
					{
						path: "/api",
						aliases: {
							"GET /slow": (_req: unknown, res: { end(text: string): void }) =>
								void setTimeout(() => res.end("done"), 500)
						}
					}
				]
			}
		});
		const { port } = new URL(gateway.origin);
		const tcp = connectTcp({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
		onTestFinished(() => void tcp.destroy());
		let text = "";
		tcp.on("data", data => {
			text += data.toString("latin1");
		});
		tcp.on("error", () => {});
		tcp.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
		tcp.write(frame(4, 0, 0));
		tcp.write(frame(1, 5, 1, headersOf("/sse/event-stream?eventName=news")));
		await eventually(() => expect(text).toContain("sse.open"));
		tcp.write(
			what === "goaway" ? frame(7, 0, 0, Buffer.alloc(8)) : frame(1, 5, 3, headersOf("/api/slow"))
		);
		await sleep(100);
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(2500);
		if (what === "slow") expect(text).toContain("done");
	});
});

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(
	type: number,
	flags: number,
	stream: number,
	payload: Buffer = Buffer.alloc(0)
): Buffer {
	const head = Buffer.alloc(9);
	head.writeUIntBE(payload.length, 0, 3);
	head.writeUInt8(type, 3);
	head.writeUInt8(flags, 4);
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, payload]);
}

/** Headers of a GET, each field as a literal (RFC 7541, 6.2.2). */
function headersOf(path: string): Buffer {
	const fields = { ":method": "GET", ":scheme": "http", ":authority": "x", ":path": path };
	const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
	return Buffer.concat(
		Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)])
	);
}

describe("a burst", () => {
	it("larger than the limit does not cut off a client that reads", async () => {
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
	it("gets through whatever the limit is", async () => {
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
