import { Agent } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { send, start } from "../support/clients/request.ts";
import { resetSocket } from "../support/clients/reset-socket.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway } from "../support/gateway/gateway.ts";
import { held } from "../support/memory.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";

const NODE = fileURLToPath(new URL("../support/fixtures/leak-node.ts", import.meta.url));

/** What a process holds: bytes of heap, entries of all registries, handles and timers by kind. */
interface Measure {
	heap: number;
	held: number;
	resources: Record<string, number>;
}

/** A node in a process of its own, so that its heap is its own. */
class LeakNode {
	readonly #process: RunningProcess;
	#commands = 0;

	constructor() {
		// V8 drops code that was not run for some collections: megabytes, which would hide a leak
		this.#process = spawnNode("--expose-gc", ["--no-flush-bytecode", NODE]);
		onTestFinished(() => this.#process.stop());
	}

	async ask<T>(command: string): Promise<T> {
		const number = ++this.#commands;
		this.#process.write(`${number} ${command}\n`);
		const [, answer = ""] = await this.#process.waitFor(new RegExp(`^${number} (.*)$`, "m"));
		return JSON.parse(answer);
	}
}

/** Where the gateways of a {@link LeakNode} listen. */
type Ports = Record<"plain" | "brief" | "anonymous" | "forbidden" | "http2", number>;

const QUERY = "/sse/event-stream?eventName=news";

/** Runs `work` this many times, at most 100 at once. */
async function times(count: number, work: () => Promise<unknown>): Promise<void> {
	for (let left = count; left > 0; left -= 100) {
		await Promise.all(Array.from({ length: Math.min(left, 100) }, work));
	}
}

interface OpenStream {
	leave(): void;
	reset(): void;
	/** Reads no further. */
	stall(): void;
	/** Resolves when the connection is gone. */
	readonly left: Promise<void>;
}

/** Opens a stream; resolves when its first bytes have arrived. */
function open(url: string): Promise<OpenStream> {
	const outgoing = start(url, {});
	const left = new Promise<void>(resolve => outgoing.once("close", () => resolve()));
	outgoing.on("error", () => {});
	outgoing.end();
	return new Promise(resolve => {
		outgoing.once("response", response => {
			expect(response.statusCode).toBe(200);
			response.on("error", () => {});
			response.once("data", () =>
				resolve({
					leave: () => void outgoing.destroy(),
					reset: () => resetSocket(response.socket),
					stall: () => void response.pause(),
					left
				})
			);
		});
	});
}

async function expectStatus(status: number, ...request: Parameters<typeof send>): Promise<void> {
	expect((await send(...request)).status).toBe(status);
}

/** A thousand streams that end in every possible way. */
async function thousandStreams(node: LeakNode, ports: Ports): Promise<void> {
	const url = (gateway: keyof Ports, path = QUERY) => `http://127.0.0.1:${ports[gateway]}${path}`;

	// the client leaves, with events and heartbeats under way
	for (const how of ["leave", "reset"] as const) {
		for (let n = 0; n < 2; n++) {
			const streams = await Promise.all(Array.from({ length: 100 }, () => open(url("plain"))));
			await node.ask("send");
			for (const stream of streams) stream[how]();
			await Promise.all(streams.map(stream => stream.left));
		}
	}

	// the timeout, for clients that would keep their connections
	const agent = new Agent({ keepAlive: true, maxSockets: 50 });
	await times(200, () => expectStatus(200, url("brief"), { agent }));
	agent.destroy();

	// the request is refused
	await times(25, () => expectStatus(400, url("plain", "/sse/event-stream")));
	await times(25, () => expectStatus(405, url("plain"), { method: "POST", body: "{}" }));
	await times(25, () => expectStatus(401, url("anonymous")));
	await times(25, () => expectStatus(403, url("forbidden")));
	await times(80, () => expectStatus(200, url("plain"), { method: "HEAD" }));

	// a client that is slower than it may be
	const slow = url("plain", "/sse/event-stream?eventName=slow");
	const stalled = await Promise.all(Array.from({ length: 20 }, () => open(slow)));
	for (const stream of stalled) stream.stall();
	await node.ask("flood");
	await eventually(async () => expect((await node.ask<Measure>("left")).held).toBe(0));
	for (const stream of stalled) stream.leave();
	await Promise.all(stalled.map(stream => stream.left));

	// HTTP/2: single streams, then the connection
	const connection = connectHttp2(url("http2", ""));
	const streams = await Promise.all(
		Array.from({ length: 100 }, async () => {
			const stream = connection.request({ ":path": QUERY });
			stream.on("error", () => {});
			stream.once("response", headers => expect(headers[":status"]).toBe(200));
			await new Promise(resolve => stream.once("data", resolve));
			return stream;
		})
	);
	await node.ask("send");
	for (const stream of streams.slice(50)) stream.close();
	connection.destroy();

	// the gateway stops
	const open100 = await Promise.all(Array.from({ length: 100 }, () => open(url("plain"))));
	ports.plain = await node.ask<number>("restart");
	await Promise.all(open100.map(stream => stream.left));
}

describe("20,000 streams", () => {
	it("leave nothing behind: no entry, no handle, no timer, no memory", async () => {
		const node = new LeakNode();
		const ports = await node.ask<Ports>("ports");
		const settled = async () => {
			await eventually(async () => {
				const { held, resources } = await node.ask<Measure>("left");
				// the five servers, and the pipes to this test: no socket, no timer
				expect({ held, resources }).toEqual({
					held: 0,
					resources: { TCPServerWrap: 5, PipeWrap: 3 }
				});
			});
			return node.ask<Measure>("measure");
		};
		await settled();
		// code gets compiled, caches fill, pools grow to their size
		for (let n = 0; n < 4; n++) await thousandStreams(node, ports);
		const warm = await settled();
		for (let n = 0; n < 20; n++) await thousandStreams(node, ports);
		const after = await settled();

		// one kept reference costs 8 bytes, the smallest object 16: a stream that leaves 50 bytes behind in any of these ways
		// is 1 MB
		expect(after.heap - warm.heap).toBeLessThan(2 ** 20);
	}, 120_000);
});

describe("the history", () => {
	it("keeps to its limit, however many sessions an event is for", async () => {
		const gateway = await startGateway({ sse: { history: { maxBytes: 2 ** 20 } } });
		const before = await held();
		for (let n = 0; n < 20; n++) {
			const sessionId = Array.from({ length: 10_000 }, (_, session) => `session-${n}-${session}`);
			await gateway.send({ eventName: "news", sessionId, payload: n });
		}

		// a hundred bytes for each of the 200,000 positions of these events is 20 MB
		const after = await held();
		expect(after.all - before.all).toBeLessThan(10 * 2 ** 20);
	});

	it("holds nothing of streams that open and close between its events", async () => {
		const gateway = await startGateway();
		const names = Array.from({ length: 50 }, (_, n) => `${n}-${"x".repeat(100)}`);
		const before = await held();
		for (let n = 0; n < 500; n++) {
			const stream = await open(gateway.url(...names));
			await gateway.send({ eventName: "news", sessionId: "elsewhere", payload: n });
			stream.leave();
			await stream.left;
		}
		await eventually(() => expect(gateway.held).toEqual(NOTHING));

		// sse.open has 5 KB here: events would keep alive the 3 MB that they share with them
		const after = await held();
		expect(after.buffers - before.buffers).toBeLessThan(2 ** 20);
	});
});
