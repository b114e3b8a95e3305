import type { ServerResponse } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "@jest/globals";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { stops, WIRES } from "../support/clients/wires.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { gatewaySchema, startGateway, TestGateway, TestNode } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { runningTime } from "../support/running-time.ts";
import { TLS } from "../support/tls.ts";

/** Far more than a stop takes, and less than any timeout of Node's own. */
const SOON = 10_000;
const PART = 64_000;
const LARGE = 500 * PART;

type Handler = (request: unknown, response: ServerResponse) => void;

const start = (settings: Record<string, unknown>, aliases: Record<string, Handler> = {}) =>
	startGateway({
		settings: { ...settings, routes: [{ path: "/api", bodyParsers: { json: true }, aliases }] }
	});

/** As a file is sent: what was passed to `end` at once is broken off by Node when its server closes. */
const sendLarge: Handler = (_, response) => {
	const parts = Array.from({ length: LARGE / PART }, () => Buffer.alloc(PART));
	Readable.from(parts).pipe(response);
};

/** A bare connection to a gateway, over TLS or not; its handshake is done. */
async function join({ service }: TestGateway, isTls = false, protocols?: string[]) {
	const address = service.server.address();
	const where =
		typeof address === "string"
			? { path: address }
			: { port: address?.port ?? 0, host: "127.0.0.1" };
	const socket: Socket = isTls
		? connectTls({ ...where, ca: TLS.cert, ALPNProtocols: protocols })
		: connectTcp(where);
	socket.on("error", () => {});
	onTestFinished(() => void socket.destroy());
	let text = "";
	socket.setEncoding("latin1").on("data", (part: string) => {
		text += part;
	});
	await new Promise(resolve => socket.once(isTls ? "secureConnect" : "connect", resolve));
	return { socket, text: () => text };
}

/** Resolves when a server has so many connections. */
const connected = ({ service }: TestGateway, expected: number) =>
	eventually(async () => {
		const { promise, resolve } = Promise.withResolvers<number>();
		service.server.getConnections((_, count) => resolve(count));
		expect(await promise).toBe(expected);
	});

const HEAD = "POST /api/take HTTP/1.1\r\nhost: x\r\n";
const PARTS = {
	"sends nothing": "",
	"sends half of a head": "GET /api/x HTTP/1.1\r\nHo",
	"sends half of a body": `${HEAD}content-type: application/json\r\ncontent-length: 9\r\n\r\n{"a"`,
	"sends half of a second request": "GET /api/x HTTP/1.1\r\nhost: x\r\n\r\nGET /api/x HT",
	"sends half of a body that nobody waits for": `${HEAD}content-length: 9\r\n\r\n{"a"`
};

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frameOf(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
	const head = Buffer.alloc(9);
	head.writeUIntBE(payload.length, 0, 3);
	head[3] = type;
	head[4] = flags;
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, payload]);
}
const HTTP2_PREFACE = Buffer.concat([
	Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	frameOf(4, 0, 0)
]);
/** `:method: GET`, `:scheme: http` and `:path: /` of HPACK's static table. */
const FIELDS = Buffer.from([0x82, 0x86, 0x84]);
const HTTP2_PARTS = {
	"sends nothing but its preface": Buffer.alloc(0),
	"sends half of a frame's head": frameOf(1, 5, 1, FIELDS).subarray(0, 5),
	"sends the head of a frame": frameOf(1, 5, 1, FIELDS).subarray(0, 9),
	"sends half of a frame of HEADERS": frameOf(1, 5, 1, FIELDS).subarray(0, 10),
	"sends HEADERS that are to go on": frameOf(1, 1, 1, FIELDS)
};
const take = { "POST /take": (_: unknown, response: ServerResponse) => void response.end() };

// A client that opened a connection to the port and sent nothing held a stop up for as long as it liked: a closing server waits
// for its connections, and Node's own time limits for requests end when it begins to close.
describe.each(WIRES.filter(({ name }) => name !== "an application's own server"))(
	"a node stops over $name",
	wire => {
		const isTls = "https" in wire.settings();

		it("even if clients of the server send nothing at all", async () => {
			const gateway = await start(wire.settings());
			await join(gateway);
			const { text, socket } = await join(gateway);
			socket.write(isTls ? "\x16\x03\x01" : "PRI * HTTP/2.0\r\n");
			await connected(gateway, 2);

			expect(await stops(gateway.broker, SOON)).toBe(true);
			expect(text()).not.toContain("200");
		});

		it("leaves no listener on its server, and stops again after another start", async () => {
			const gateway = await start(wire.settings());
			const { server } = gateway.service;
			const listeners = () => server.eventNames().map(name => [name, server.listenerCount(name)]);
			await gateway.broker.stop();
			const before = listeners();
			await gateway.broker.start();
			await join(gateway, isTls);
			await connected(gateway, 1);

			expect(await stops(gateway.broker, SOON)).toBe(true);
			expect(listeners()).toEqual(before);
			expect(before.map(([name]) => name)).not.toContain("session");
		});
	}
);

describe.each(WIRES.slice(0, 3))("a node stops over $name", wire => {
	const isTls = "https" in wire.settings();

	it.each(Object.entries(PARTS))("even if a client %s", async (_, part) => {
		const gateway = await start(wire.settings(), take);
		const { socket } = await join(gateway, isTls);
		socket.write(part);
		await connected(gateway, 1);

		expect(await stops(gateway.broker, SOON)).toBe(true);
	});

	it("even if a client always has another request on its connection", async () => {
		const gateway = await start(wire.settings(), {
			"GET /slow": (_, response) => void setTimeout(() => response.end(), 300)
		});
		const { socket } = await join(gateway, isTls);
		const ask = () => socket.write("GET /api/slow HTTP/1.1\r\nhost: x\r\n\r\n");
		const beat = setInterval(ask, 20);
		onTestFinished(() => clearInterval(beat));
		await new Promise(resolve => socket.once("data", resolve));

		expect(await stops(gateway.broker, SOON)).toBe(true);
	});

	it("even if a client takes nothing of an answer", async () => {
		const gateway = await start(wire.settings(), {
			"GET /large": sendLarge
		});
		const { socket } = await join(gateway, isTls);
		socket.write("GET /api/large HTTP/1.1\r\nhost: x\r\n\r\n");
		await new Promise(resolve => socket.once("data", resolve));
		socket.pause();

		expect(await stops(gateway.broker, 30_000)).toBe(true);
	}, 60_000);

	it("when a request that takes longer has been answered, and a download has been taken", async () => {
		const gate = createGate();
		const gateway = await start(wire.settings(), {
			"GET /slow": async (_, response) => {
				await gate.wait();
				response.end("done");
			},
			"GET /large": sendLarge
		});
		const slow = await join(gateway, isTls);
		slow.socket.write("GET /api/slow HTTP/1.1\r\nhost: x\r\n\r\n");
		const download = await join(gateway, isTls);
		let got = 0;
		download.socket.on("data", ({ length }: string) => {
			got += length;
			download.socket.pause();
			setTimeout(() => download.socket.resume(), 2);
		});
		download.socket.write("GET /api/large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
		await gate.reached;
		const mute = await join(gateway, isTls);
		const stopped = gateway.broker.stop();
		// by then every client that is not served has been closed, and so would be one that is served
		await new Promise(resolve => mute.socket.once("close", resolve));
		expect(slow.socket.closed).toBe(false);
		gate.open();
		await stopped;

		await eventually(() =>
			expect(slow.text()).toMatch(/200 OK[\s\S]*connection: close[\s\S]*done/i)
		);
		await eventually(() => expect(got).toBeGreaterThan(LARGE), { timeout: 20_000 });
	}, 60_000);

	// The first answer said that it was the last one: Node closed the connection after it, and the second could not be sent.
	it.each([
		["before it stopped", false],
		["while it stops", true]
	])(
		"when a request has been answered that was pipelined after another one %s",
		async (_when, isLate) => {
			const gate = createGate();
			const gateway = await start(wire.settings(), {
				"GET /first": async (_, response) => {
					await gate.wait();
					response.end("first");
				},
				"GET /second": (_, response) => response.end("second")
			});
			const { socket, text } = await join(gateway, isTls);
			const ask = (name: string) => `GET /api/${name} HTTP/1.1\r\nhost: x\r\n\r\n`;
			socket.write(isLate ? ask("first") : ask("first") + ask("second"));
			await gate.reached;
			const mute = await join(gateway, isTls);
			const stopped = gateway.broker.stop();
			await new Promise(resolve => mute.socket.once("close", resolve));
			if (isLate) socket.write(ask("second"));
			await sleep(50);
			gate.open();
			await stopped;

			await eventually(() => expect(text()).toMatch(/first[\s\S]*second/));
		}
	);

	// Its server did not listen yet when the stop began, and then nobody checked its connections.
	it("even if it has not started yet, and a client comes while it does", async () => {
		const [first, last] = [createGate(), createGate()];
		const gateway = new TestGateway(new TestNode(), {
			settings: wire.settings(),
			schema: {
				mixins: [
					...(gatewaySchema({}).mixins ?? []),
					// Moleculer calls the last one's hook first.
					{ name: "early", started: () => first.wait() }
				],
				started: () => last.wait()
			} as never
		});
		const starting = gateway.broker.start().catch(() => {});
		await first.reached;
		expect(gateway.service.server.listening).toBe(false);
		const stopped = gateway.broker.stop();
		const { fanOut } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
		const receiverStops = new Promise<void>(resolve => {
			const stop = fanOut.receiver.stop.bind(fanOut.receiver);
			fanOut.receiver.stop = () => stop().finally(resolve);
		});
		await receiverStops;
		first.open();
		await last.reached;
		await join(gateway, isTls);
		last.open();
		await starting;

		expect(await Promise.race([stopped.then(() => true), sleep(SOON, false, { ref: false })])).toBe(
			true
		);
	});

	// The gateway's mark went to an answer that was over, and the connection stayed for as long as it was used.
	it("though a client asks another handler of the same server, again and again", async () => {
		const gateway = await start(wire.settings(), take);
		const { server } = gateway.service;
		const [own] = server.listeners("request") as [(...args: unknown[]) => void];
		server.removeAllListeners("request");
		server.on("request", (request, response) => {
			if (request.url !== "/poll") own.call(server, request, response);
			else setTimeout(() => response.end("polled"), 200);
		});
		const { socket, text } = await join(gateway, isTls);
		socket.write(`${HEAD}content-length: 0\r\n\r\n`);
		await eventually(() => expect(text()).toContain("200 OK"));
		const poll = () => socket.write("GET /poll HTTP/1.1\r\nhost: x\r\n\r\n");
		// as clients do that keep to the protocol
		socket.on("data", (part: string) => {
			if (part.includes("polled") && !/connection: close/i.test(part)) poll();
		});
		poll();
		await eventually(() => expect(text()).toContain("polled"));

		expect(await stops(gateway.broker, SOON)).toBe(true);
	});

	it("and answers a request that was on its way on a new connection", async () => {
		const gateway = await start(wire.settings());
		const { socket, text } = await join(gateway, isTls);
		await connected(gateway, 1);
		socket.write("GET /api/x HTTP/1.1\r\nhost: x\r\n");
		const stopped = gateway.broker.stop();
		socket.write("\r\n");
		await stopped;

		await eventually(() => expect(text()).toContain("HTTP/1.1 404"));
	});

	it("and leaves alone a connection that the application has taken over", async () => {
		const gateway = await start(wire.settings());
		const taken = Promise.withResolvers<Socket>();
		gateway.service.server.on("upgrade", (_, socket: Socket) => taken.resolve(socket));
		const { socket, text } = await join(gateway, isTls);
		socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
		const ours = await taken.promise;
		const mute = await join(gateway, isTls);
		const stopped = gateway.broker.stop();
		await new Promise(resolve => mute.socket.once("close", resolve));
		ours.end("bye");
		socket.end();
		await stopped;

		await eventually(() => expect(text()).toBe("bye"));
	});
});

// A stand-in for Node's objects has no socket, or not even a request: the first request ended the process.
it.each([
	["without a socket", { req: {} }],
	["without a request", {}]
])("a response that is not Node's own is served, %s", async (_what, stub) => {
	const gateway = await start({}, take);
	const own = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
	const request = { headers: {}, url: "/api/take", socket: {} };
	expect(() => own.arrived(request, stub)).not.toThrow();
});

// The last request of an idle connection, its body and its context were held for as long as the connection was open.
it("a connection that waits for its next request holds nothing of the last one", async () => {
	let body: WeakRef<object> | undefined;
	const gateway = await start(
		{},
		{
			"POST /take": (request, response) => {
				body = new WeakRef((request as { body?: object }).body ?? {});
				response.end();
			}
		}
	);
	const { socket, text } = await join(gateway, false);
	socket.write(`${HEAD}content-type: application/json\r\ncontent-length: 7\r\n\r\n{"a":1}`);
	await eventually(() => expect(text()).toContain("200 OK"));
	await eventually(() => {
		global.gc?.();
		expect(body?.deref()).toBeUndefined();
	});
	expect(socket.destroyed).toBe(false);
});

describe.each(WIRES.slice(3, 5))("a node stops over $name", wire => {
	it("even if a session asks for nothing", async () => {
		const gateway = await start(wire.settings());
		const session = connectHttp2(gateway.origin);
		await new Promise(resolve => session.once("remoteSettings", resolve));

		expect(await stops(gateway.broker, SOON)).toBe(true);
	});

	// Node keeps a session's streams in a map of its own kind, which was not recognised: every session counted as one with only
	// streams, and a client that waited for an action's answer was cut off after 0.7 seconds.
	it("when a request has been answered that takes longer than any client is waited for", async () => {
		const gate = createGate();
		const gateway = await start(wire.settings(), {
			"GET /slow": async (_, response) => {
				await gate.wait();
				response.end("done");
			}
		});
		const session = connectHttp2(gateway.origin);
		await openHttp2Stream(session, gateway.url("news"));
		const slow = session.request({ ":path": "/api/slow" });
		slow.on("error", () => {});
		await gate.reached;
		const stopped = gateway.broker.stop();
		await sleep(2000);
		gate.open();
		expect(await textOf(slow)).toBe("done");
		await stopped;
	});
});

describe.each(WIRES.slice(3, 5))("a node stops over $name", wire => {
	const isTls = "https" in wire.settings();

	// Only nghttp2 knows of a stream whose head has not come whole: nobody was waited for, and the session never closed.
	it.each(Object.entries(HTTP2_PARTS))("though a client %s", async (_, part) => {
		const gateway = await start(wire.settings(), take);
		const { socket } = await join(gateway, isTls, ["h2"]);
		socket.write(HTTP2_PREFACE);
		await connected(gateway, 1);
		socket.write(part);
		await sleep(50);

		expect(await stops(gateway.broker, SOON)).toBe(true);
	});
});

describe("a node stops over HTTP/2 without TLS", () => {
	// The client could not send more, and counted as one that does not.
	it("when the application has read a body that it had left waiting", async () => {
		const gate = createGate();
		const gateway = await start(
			{ http2: true },
			{
				"POST /upload": async (request, response) => {
					await gate.wait();
					let got = 0;
					for await (const part of request as AsyncIterable<Buffer>) got += part.length;
					response.end(String(got));
				}
			}
		);
		const session = connectHttp2(gateway.origin);
		const upload = session.request({ ":method": "POST", ":path": "/api/upload" });
		upload.on("error", () => {});
		upload.end(Buffer.alloc(2 ** 20));
		await gate.reached;
		const stopped = gateway.broker.stop();
		// longer than a client has that takes nothing
		await sleep(11_000);
		gate.open();
		expect(await textOf(upload)).toBe(String(2 ** 20));
		await stopped;
	}, 60_000);
});

describe("a node with HTTP/2 over TLS stops", () => {
	it.each([
		["HTTP/1.1, where the server speaks that as well", true, ["http/1.1"]],
		["no protocol that the server speaks", false, undefined]
	])("even if a client speaks %s", async (_, allowHTTP1, protocols) => {
		const gateway = await start({ http2: true, https: { ...TLS, allowHTTP1 } });
		await join(gateway, true, protocols);
		await connected(gateway, 1);
		const took = await runningTime(() => stops(gateway.broker, SOON));

		expect(took).toBeLessThan(8000);
	});
});
