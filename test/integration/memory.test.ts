import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { BufferPolicy } from "../../mixins/sse/core/options/buffer-options.ts";
import type { Gateway } from "../../mixins/sse/gateway/gateway.ts";
import type { EventStream } from "../../mixins/sse/streams/event-stream.ts";
import { createRandom } from "../chaos/random.ts";
import { connectHttp2 } from "../support/clients/http2-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { held } from "../support/memory.ts";
import { onTestFinished } from "../support/on-test-finished.ts";

const MIB = 2 ** 20;
const NEWS = "news";
const HISTORY = 4 * MIB;
const UNSENT = MIB / 4;
/** What the documentation says of `compression`. */
const DEFLATED = 4 * MIB;
/** What the documentation says of a client that has taken part of one write. */
const HALF_WRITTEN = 16_384;
const POLICIES: readonly BufferPolicy[] = ["disconnect", "dropOldest", "conflate"];
/** Its gateway compresses. */
const ZIPPED: BufferPolicy = "disconnect";
/** Clients of each policy that read no further. */
const STALLED = 6;
const READING = 4;

/** A stream, seen from both ends. */
interface Opened {
	readonly session: string;
	readonly socket: Socket;
	readonly stream: EventStream;
}

/** A gateway with a policy of its own. */
class Place {
	readonly #gateway: TestGateway;
	readonly #policy: BufferPolicy;

	constructor(node: TestNode, policy: BufferPolicy) {
		this.#policy = policy;
		this.#gateway = new TestGateway(node, {
			name: policy,
			sse: {
				heartbeat: 0,
				timeout: 0,
				compression: policy === ZIPPED ? { threshold: 200 } : null,
				history: { maxBytes: HISTORY },
				buffer: { policy, maxBytes: UNSENT, stallTimeout: 0 },
				events: { [NEWS]: { audience: "public", conflate: ({ key }) => key } }
			}
		});
	}

	/** Bytes that its history counts. */
	get history(): number {
		return this.#inside.fanOut.history?.bytes ?? 0;
	}

	get #inside(): Gateway {
		return Reflect.get(this.#gateway.service, Symbol.for("moleculer-sse.gateway"));
	}

	/** Opens a stream, every other one with gzip, whose client reads and keeps nothing. */
	async open(): Promise<Opened> {
		const known = new Set(this.#inside.streams);
		const session = `${this.#policy}-${known.size}`;
		const { port, pathname, search } = new URL(this.#gateway.url(NEWS));
		const socket = connect(Number(port), "127.0.0.1").resume();
		onTestFinished(() => void socket.destroy());
		const zipped = known.size % 2 === 0 ? "Accept-Encoding: gzip\r\n" : "";
		socket.write(
			`GET ${pathname}${search} HTTP/1.1\r\nHost: a\r\nCookie: sid=${session}\r\n${zipped}\r\n`
		);
		await eventually(() => expect(this.#inside.streams.size).toBe(known.size + 1));
		const stream = [...this.#inside.streams].find(other => !known.has(other)) as EventStream;
		return { session, socket, stream };
	}
}

/** Text of a number of characters that cannot be compressed much. */
const noise = (length: number) => randomBytes(Math.ceil(length * 0.75)).toString("base64");

describe("what a process holds in buffers", () => {
	// A view of a hundred bytes keeps all of its buffer alive. Events that waited for slow clients, or were remembered in
	// deflated form, each kept the 64 KiB that they shared with the events of others, and zlib's output its 16 KiB: 300 MB
	// where 4 were counted.
	it("is what its options say, whatever is sent, and whether or not it is taken", async () => {
		const random = createRandom(7);
		const upTo = (n: number) => Math.floor(random() * n);
		const oneOf = <T>(list: readonly T[]) => list[upTo(list.length)] as T;
		const node = new TestNode();
		const places = POLICIES.map(policy => new Place(node, policy));
		const send = (sessionId: string, payload: unknown) =>
			node.send({ eventName: NEWS, sessionId, payload });
		const elsewhere = (bytes: number) =>
			send(`elsewhere-${upTo(300)}`, { text: "x".repeat(bytes) });
		await node.broker.start();
		await elsewhere(1);
		const before = await held();
		const grown = async () => (await held()).buffers - before.buffers;

		// the histories alone; with texts of 5.4 KB, slabs that reserve the most that UTF-8 may take waste a quarter
		for (let n = 0; n < 6000; n++) {
			await elsewhere(n % 2 === 0 ? Math.round(10 * 2000 ** random()) : 5400);
		}
		const counted = places.reduce((sum, { history }) => sum + history, 0);
		expect(counted).toBeGreaterThan(0.99 * POLICIES.length * HISTORY);
		expect((await grown()) / counted).toBeGreaterThan(0.8);
		expect((await grown()) / counted).toBeLessThan(1.05);

		const reading: Opened[] = [];
		const stalled: Opened[] = [];
		for (const place of places) {
			for (let n = 0; n < READING; n++) reading.push(await place.open());
			for (let n = 0; n < STALLED; n++) {
				const opened = await place.open();
				opened.socket.pause();
				while (!opened.stream.isBehind) {
					await send(opened.session, { text: noise(20_000) });
					await turn();
				}
				stalled.push(opened);
			}
		}
		for (let n = 0; n < 30_000; n++) {
			const what = random();
			if (what < 0.7) await elsewhere(upTo(4000));
			else if (what < 0.8) await send(oneOf(reading).session, { text: noise(upTo(4000)) });
			else if (what < 0.801) await send("*", { text: noise(upTo(2000)) });
			else await send(oneOf(stalled).session, { text: noise(upTo(200)), key: upTo(400) });
			if (random() < 0.3) await turn();
		}
		// to one that accepts gzip: deflated, each is a hundredth of the buffer in which zlib returns it
		const [{ session: zipped }] = reading as [Opened];
		for (let n = 0; n < 1500; n++) await send(zipped, { text: "x".repeat(300 + upTo(1000)) });
		await turn();

		expect(stalled.map(({ stream }) => [stream.isOpen, stream.isBehind])).toEqual(
			stalled.map(() => [true, true])
		);
		const bound = POLICIES.length * HISTORY + DEFLATED + stalled.length * (UNSENT + HALF_WRITTEN);
		expect((await grown()) / bound).toBeLessThan(1);
	}, 120_000);
});

// Far below the high-water mark of Node's streams each small event was a write of its own, which takes 550 bytes for its 28: a
// client with a closed window held ten times what was counted, and a limit below that mark had no effect.
describe("what small events take that wait for a client", () => {
	const STREAMS = 30;
	const EVENTS = 1000;

	it.each([
		{ policy: "disconnect", maxBytes: MIB, most: 60_000 },
		{ policy: "dropOldest", maxBytes: 16_384, most: 1.5 * 16_384 },
		{ policy: "conflate", maxBytes: 16_384, most: 1.5 * 16_384 }
	] as const)(
		"is what is counted, however few there are: $policy",
		async ({ policy, maxBytes, most }) => {
			const gateway = await startGateway({
				sse: {
					heartbeat: 0,
					timeout: 0,
					history: null,
					events: { [NEWS]: {} },
					buffer: { policy, maxBytes, stallTimeout: 0 }
				},
				settings: { http2: true },
				// the test's log would keep what it is given
				broker: { logger: false }
			});
			const { pathname, search } = new URL(gateway.url(NEWS));
			const client = connectHttp2(gateway.origin, { settings: { initialWindowSize: 0 } });
			await new Promise(resolve => client.once("remoteSettings", resolve));
			for (let n = 0; n < STREAMS; n++) {
				client.request({ ":path": pathname + search, cookie: `sid=s${n}` }).on("error", () => {});
			}
			await eventually(() => expect(gateway.held.streams).toBe(STREAMS));
			const sendAll = async (events: number) => {
				for (let k = 0; k < events; k++) {
					for (let n = 0; n < STREAMS; n++) {
						void gateway.send({ eventName: NEWS, sessionId: `s${n}`, payload: k });
					}
					await turn();
				}
			};
			await sendAll(10);
			const before = await held();
			await sendAll(EVENTS);

			expect(((await held()).all - before.all) / STREAMS).toBeLessThan(most);
			expect(gateway.held.streams).toBe(STREAMS);
		}
	);
});

describe("what a node remembers of a text", () => {
	const PAD = "x".repeat(4000);
	const MANY = 300;

	/** A stream's request whose every part is long, or none. */
	const request = ({ pathname, search }: URL, n: number, pad: string) =>
		[
			`GET ${pathname}${search}&pad=${pad} HTTP/1.1`,
			"Host: a",
			`Cookie: sid=session-of-client-${n}; pad=${pad}`,
			`X-Forwarded-For: 192.168.${100 + (n % 100)}.${100 + Math.floor(n / 100)}, ${pad}`,
			"\r\n"
		].join("\r\n");

	// A part of a text is a view of it: each stream kept the Cookie header of its request, its URL, and the header with its
	// client's address, 16 KB in all.
	it("is nothing of a stream's request but its session, its names and its address", async () => {
		const gateway = await startGateway({
			sse: { limits: { streamsPerIp: 10 }, trustProxy: true, heartbeat: 0, timeout: 0 },
			// the test's log would keep what it is given
			settings: { logRequest: null, logResponse: null }
		});
		const url = new URL(gateway.url("an-event-of-a-longer-name"));
		let count = 0;
		/** Bytes of heap for each of many streams. */
		const open = async (streams: number, pad: string) => {
			const before = await held();
			for (let n = 0; n < streams; n++) {
				const socket = connect(Number(url.port), "127.0.0.1").resume();
				onTestFinished(() => void socket.destroy());
				socket.write(request(url, count++, pad));
			}
			await eventually(() => expect(gateway.held.streams).toBe(count));
			// a stream releases its request a moment after it has opened
			await sleep(100);
			return ((await held()).heap - before.heap) / streams;
		};
		await open(MANY, "");
		await open(MANY, PAD);
		const short = await open(MANY, "");

		expect((await open(MANY, PAD)) - short).toBeLessThan(PAD.length / 2);
		expect(gateway.held.sessions).toBe(count);
	});

	it.each([
		[
			"an event",
			(sessionId: string) => ({ eventName: NEWS, sessionId, payload: null }),
			"sse.send"
		],
		["a revocation", (sessionId: string) => ({ sessionId }), "sse.close"]
	])("is nothing of what a local service cut the address of %s out of", async (_, of, name) => {
		const { broker } = await startGateway();
		let count = 0;
		const tell = async (times: number) => {
			for (let n = 0; n < times; n++) {
				const header = Buffer.from(`${count++}-is-the-session;${PAD}${PAD}`).toString();
				await broker.broadcast(name, of(header.slice(0, header.indexOf(";"))));
			}
		};
		await tell(MANY);
		const before = await held();
		await tell(MANY);

		expect(((await held()).heap - before.heap) / MANY).toBeLessThan(PAD.length);
	});
});
