import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { TLS } from "../support/tls.ts";

/** Milliseconds that a stream lives, until a test makes them pass. */
const LIFE = 60_000;
const PATH = "/sse/event-stream?eventName=news";
/** Events that are sent to a client that takes nothing, and the size of each: more than the systems of both sides hold. */
const EVENTS = 200;
const SIZE = 100_000;
/** Most bytes that the client's own system had taken by then, and gives it whatever becomes of the connection. */
const MOST_TAKEN = 1_000_000;

/** Opens streams on one connection: one, or several with HTTP/2. */
type Open = (origin: string, count: number) => Promise<StreamClient[]>;

const own: Open = origin => Promise.all([openStream(origin + PATH, { session: "alice" })]);
const shared: Open = async (origin, count) => {
	// a window that is never full: the connection is what stands still
	const session = connectHttp2(origin, { settings: { initialWindowSize: 2 ** 31 - 1 } });
	await once(session, "connect");
	session.setLocalWindowSize(2 ** 31 - 1);
	const users = ["alice", "bob"].slice(0, count);
	return Promise.all(users.map(user => openHttp2Stream(session, origin + PATH, { session: user })));
};

const WIRES: [name: string, settings: Record<string, unknown>, open: Open][] = [
	["HTTP/1.1", {}, own],
	["HTTP/1.1 over TLS", { https: TLS }, own],
	["HTTP/2", { http2: true }, shared],
	["HTTP/2 over TLS", { http2: true, https: TLS }, shared]
];

/** A path for one TCP connection, on which the client's side can stop to take anything. */
class Path {
	readonly #server = createServer();
	#far: Socket | undefined;
	/** Bytes from the gateway since they were stopped. */
	#rest = 0;

	static async to(gateway: TestGateway): Promise<{ path: Path; origin: string }> {
		const { protocol, hostname, port } = new URL(gateway.url("news"));
		const path = new Path();
		path.#server.on("connection", near => path.#join(near, connect(Number(port), hostname)));
		path.#server.listen(0, "127.0.0.1");
		await once(path.#server, "listening");
		onTestFinished(() => void path.#server.close());
		const address = path.#server.address() as AddressInfo;
		return { path, origin: `${protocol}//127.0.0.1:${address.port}` };
	}

	#join(near: Socket, far: Socket): void {
		this.#far = far;
		onTestFinished(() => void far.destroy());
		near.on("data", data => far.write(data)).on("error", () => {});
		near.on("close", () => far.destroy());
		far.on("data", data => {
			this.#rest += data.length;
			near.write(data);
		});
		far.on("error", () => {});
		far.on("close", () => near.destroy());
	}

	stop(): void {
		this.#far?.pause();
		this.#rest = 0;
	}

	/** Takes everything again. */
	goOn(): void {
		this.#far?.resume();
	}

	get rest(): number {
		return this.#rest;
	}
}

/** A gateway whose client takes nothing, and that has more to send than fits into the system's buffers. */
async function stalled(settings: Record<string, unknown>, open: Open, count = 1) {
	const sse = { buffer: { maxBytes: 2 ** 26 }, timeout: LIFE, heartbeat: 0 };
	const gateway = await startGateway({ settings, sse });
	const { path, origin } = await Path.to(gateway);
	const streams = await open(origin, count);
	path.stop();
	for (let n = 0; n < EVENTS; n++) {
		const payload = `${n} ${"x".repeat(SIZE)}`;
		await gateway.send({ eventName: "news", sessionId: "alice", payload });
		// all in one turn would be one write
		await new Promise(setImmediate);
	}
	const { streams: held } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
	await eventually(() => expect([...held].some(({ isBehind }) => isBehind)).toBe(true));
	return { gateway, path, streams };
}

const revoke = (gateway: TestGateway) =>
	gateway.broker.broadcast("sse.close", { sessionId: "alice" });

const OWN = WIRES.filter(([, , open]) => open === own);

// Over TLS the system went on to send what it had taken: 4 MB, or 82 events, after the revocation.
describe("what the client of a revoked stream has not taken is dropped, by the process and by its system", () => {
	it.each(OWN)("over %s, after it has ended in order", async (_, settings, open) => {
		const clocks = stubClocks();
		const { gateway, path, streams } = await stalled(settings, open);
		clocks.pass(2 * LIFE);
		await eventually(() => expect(gateway.held).toMatchObject({ streams: 0, unclosed: 1 }), {
			interval: 1
		});
		await revoke(gateway);
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		path.goOn();
		expect(await streams[0]?.end).toBe("broken");
		expect(path.rest).toBeLessThan(MOST_TAKEN);
	});

	it.each(OWN)("over %s", async (_, settings, open) => {
		const { gateway, path, streams } = await stalled(settings, open);
		await revoke(gateway);
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		path.goOn();
		expect(await streams[0]?.end).toBe("broken");
		expect(path.rest).toBeLessThan(MOST_TAKEN);
		expect(streams[0]?.text).not.toContain("sse.close");
	});
});

describe("an HTTP/2 connection, which others may use", () => {
	it.each(WIRES.filter(([, , open]) => open === shared))(
		"is not reset, and what its system holds arrives: over %s",
		async (_, settings, open) => {
			const { gateway, path, streams } = await stalled(settings, open, 2);
			const [alice, bob] = streams;
			await revoke(gateway);
			await eventually(() => expect(gateway.held.streams).toBe(1));
			path.goOn();
			expect(await alice?.end).toBe("broken");
			// what was left in the process is dropped all the same
			expect(path.rest).toBeLessThan((EVENTS * SIZE) / 2);
			await gateway.send({ eventName: "news", sessionId: "bob", payload: "goes on" });
			await bob?.next("news");
			expect(bob?.received("news")).toEqual(["goes on"]);
		}
	);
});
