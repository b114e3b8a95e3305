import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { describe, expect, it } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { runningTime } from "../support/running-time.ts";

const LARGE = 200_000;

const start = (drain = 0) =>
	startGateway({
		sse: { drain, limits: { streams: 1 } },
		settings: {
			http2: true,
			routes: [
				{
					path: "/api",
					bodyParsers: { json: true },
					aliases: {
						"GET /large": (_: unknown, response: { end(bytes: Buffer): void }) =>
							response.end(Buffer.alloc(LARGE)),
						"POST /take": (_: unknown, response: { end(): void }) => response.end()
					}
				}
			]
		}
	});

/** A connection on which requests are made as its flow-control window allows. */
async function join({ origin }: TestGateway, initialWindowSize = 65_535) {
	const session = connect(origin, { settings: { initialWindowSize } });
	onTestFinished(() => session.destroy());
	session.on("error", () => {});
	await new Promise(resolve => session.once("remoteSettings", resolve));
	const ask = async (path: string, headers: Record<string, string> = {}, endStream = true) => {
		const stream = session.request({ ":path": path, ...headers }, { endStream });
		stream.on("error", () => {});
		const head = new Promise<IncomingHttpHeaders>(resolve => stream.once("response", resolve));
		return { stream, head };
	};
	return { session, ask };
}

const STREAM = "/sse/event-stream?eventName=news";

async function opened({ stream, head }: { stream: ClientHttp2Stream; head: Promise<unknown> }) {
	await head;
	stream.resume();
}

// A stopping node waited for ever for one client. What waits for a closed HTTP/2 window is neither in the socket nor counted by
// nghttp2, so nobody saw that it was not taken; and sessions on which every stream had been refused were not checked at all.
describe("a node with HTTP/2 stops", () => {
	it("even if a client takes nothing of an answer, not even of a refusal", async () => {
		const gateway = await start();
		const { ask } = await join(gateway);
		await opened(await ask(STREAM));
		const shut = await join(gateway, 0);
		await (await shut.ask(STREAM)).head;
		await (await shut.ask(STREAM)).head;
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(6000);
	}, 20_000);

	it("even if clients pause a download and continue with PING, never finish what they began to send, or come late", async () => {
		const gateway = await start(500);
		const paused = await join(gateway);
		await opened(await paused.ask(STREAM));
		const download = await paused.ask("/api/large");
		await download.head;
		const beat = setInterval(() => paused.session.closed || paused.session.ping(() => {}), 50);
		onTestFinished(() => clearInterval(beat));
		const mute = await join(gateway);
		const headers = {
			":method": "POST",
			"content-type": "application/json",
			"content-length": "9"
		};
		await mute.ask("/api/take", headers, false);
		await eventually(() => expect(gateway.held.streams).toBe(1));
		const took = await runningTime(async () => {
			const stopped = gateway.broker.stop();
			const late = await join(gateway, 0);
			await (await late.ask("/nothing")).head;
			await stopped;
		});

		expect(took).toBeLessThan(20_000);
	}, 60_000);

	it("and lets a client that takes its download slowly have all of it", async () => {
		const gateway = await start();
		const { ask } = await join(gateway);
		await opened(await ask(STREAM));
		const { stream, head } = await ask("/api/large");
		await head;
		let got = 0;
		stream.on("data", ({ length }: Buffer) => {
			got += length;
			stream.pause();
			setTimeout(() => stream.resume(), 100);
		});
		await gateway.broker.stop();

		await eventually(() => expect(got).toBe(LARGE), { timeout: 10_000 });
	}, 30_000);
});
