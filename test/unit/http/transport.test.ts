import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, get, type ServerResponse } from "node:http";
import {
	connect as connectHttp2,
	createServer as createHttp2Server,
	createSecureServer
} from "node:http2";
import { createServer as createHttpsServer, get as getTls } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { encodeFrame } from "../../../mixins/sse/core/event/frame.ts";
import type { StreamRequest, StreamResponse } from "../../../mixins/sse/http/connection.ts";
import { createTransport } from "../../../mixins/sse/http/create-transport.ts";
import { Batch } from "../../../mixins/sse/http/encoding/batch.ts";
import { Gzip } from "../../../mixins/sse/http/encoding/gzip.ts";
import { GzipBody } from "../../../mixins/sse/http/encoding/gzip-body.ts";
import type { Transport } from "../../../mixins/sse/http/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { TLS } from "../../support/tls.ts";

type Handler = (request: StreamRequest, response: StreamResponse) => void;
type Address = { host: string; port: number } | { socketPath: string };

/** A way in which a stream's bytes reach its client. */
interface Way {
	readonly name: string;
	serve(handler: Handler): Server;
	/** Sends a request; resolves with the body when the head has arrived. */
	request(address: Address): Promise<Readable>;
	readonly gzip?: true;
	/** Something replaces the response's `write`. */
	readonly isWrapped?: true;
	/** The transport releases request and response when the first bytes are sent. */
	readonly letsGo?: true;
	/** Default: any free port. */
	readonly path?: string;
}

async function bodyOf(request: ReturnType<typeof get>): Promise<Readable> {
	const [response] = await once(request.on("error", ignore), "response");
	return response.on("error", ignore);
}

const HTTP1: Pick<Way, "serve" | "request"> = {
	serve: createServer,
	request: address => bodyOf(get({ ...address, agent: false }))
};
const HTTP2: Pick<Way, "serve" | "request"> = {
	serve: handler => createHttp2Server(handler),
	request: address => requestHttp2("http", address)
};

async function requestHttp2(scheme: string, address: Address): Promise<Readable> {
	const session = connectHttp2(`${scheme}://127.0.0.1:${"port" in address && address.port}`, {
		ca: TLS.cert
	});
	onTestFinished(() => session.destroy());
	const stream = session.on("error", ignore).request({ ":path": "/" }).on("error", ignore);
	await once(stream, "response");
	return stream;
}

const WAYS: readonly Way[] = [
	{ name: "HTTP/1.1", ...HTTP1 },
	{ name: "HTTP/1.1 with gzip", ...HTTP1, gzip: true },
	{ name: "HTTP/1.1 whose response is let go of", ...HTTP1, letsGo: true },
	{ name: "HTTP/1.1 with gzip whose response is let go of", ...HTTP1, letsGo: true, gzip: true },
	{ name: "HTTP/1.1 whose `write` is wrapped", ...HTTP1, isWrapped: true },
	{
		name: "HTTP/1.1 over TLS",
		serve: handler => createHttpsServer(TLS, handler),
		request: address => bodyOf(getTls({ ...address, agent: false, ca: TLS.cert }))
	},
	{ name: "HTTP/1.1 over a unix socket", ...HTTP1, path: "sse-transport.sock" },
	{
		name: "HTTP/1.0",
		serve: createServer,
		async request(address) {
			const socket = connect("port" in address ? address.port : 0, "127.0.0.1").on("error", ignore);
			socket.write("GET / HTTP/1.0\r\n\r\n");
			let head = "";
			while (!head.includes("\r\n\r\n")) {
				if (socket.readableLength === 0) await once(socket, "readable");
				head += socket.read(1) ?? "";
			}
			return socket;
		}
	},
	{ name: "HTTP/2", ...HTTP2 },
	{ name: "HTTP/2 with gzip", ...HTTP2, gzip: true },
	{ name: "HTTP/2 whose `write` is wrapped", ...HTTP2, isWrapped: true },
	{
		name: "HTTP/2 over TLS",
		serve: handler => createSecureServer(TLS, handler),
		request: address => requestHttp2("https", address)
	}
];

function ignore(): void {}

const frame = (data: string) => encodeFrame({ event: "a", data });
const FIRST = frame("first");
/** Bytes that cannot be compressed much. */
const LARGE = frame(randomBytes(49_152).toString("base64"));

/**
 * A transport, and its client, which reads when it is asked to.
 *
 * @param prepare Is applied to the response first.
 * @param begin What the transport does first; default: it writes its first bytes.
 */
async function openOver(
	way: Way,
	prepare: (response: StreamResponse) => void = ignore,
	begin?: (transport: Transport) => void
) {
	/** What it reported: errors, and "close". */
	const told: unknown[] = [];
	const created = Promise.withResolvers<{ transport: Transport; response: StreamResponse }>();
	const server = way.serve((request, response) => {
		if (way.isWrapped) wrapWrite(response as ServerResponse);
		prepare(response);
		const transport = createTransport(request, response, {
			gzip: way.gzip && new GzipBody(new Gzip(0)),
			onClose: () => {
				told.push("close");
				transport.release();
			},
			onError: error => told.push(error)
		});
		transport.open();
		if (begin === undefined) transport.write(new Batch(FIRST));
		else begin(transport);
		created.resolve({ transport, response });
	});
	const { path } = way;
	if (path === undefined) server.listen(0, "127.0.0.1");
	else server.listen(join(tmpdir(), `${process.pid}-${path}`));
	onTestFinished(() => void server.close());
	await once(server, "listening");
	const address = server.address() as AddressInfo | string;
	const body = way.request(
		typeof address === "string"
			? { socketPath: address }
			: { host: "127.0.0.1", port: address.port }
	);
	body.catch(ignore);
	onTestFinished(() => void body.then(client => client.destroy(), ignore));
	const { transport, response } = await created.promise;
	onTestFinished(() => transport.destroy());
	if (way.letsGo && begin === undefined) {
		await turn();
		transport.settle(ignore);
		await eventually(() => expect((response as ServerResponse).socket).toBe(null));
	}
	return { transport, told, body };
}

function wrapWrite(response: ServerResponse): void {
	const { write } = response;
	response.write = function (this: ServerResponse, ...args: unknown[]) {
		return Reflect.apply(write, this, args);
	} as ServerResponse["write"];
}

/** All of a body, to its proper end. */
async function read(way: Way, body: Readable): Promise<string> {
	const text: Buffer[] = [];
	for await (const part of way.gzip ? body.pipe(createGunzip()) : body)
		text.push(Buffer.from(part));
	return Buffer.concat(text).toString();
}

describe.each(WAYS)("the transport of a stream over $name", way => {
	it("writes what it is given, in order, and ends", async () => {
		const { transport, told, body } = await openOver(way);
		const parts = Array.from({ length: 50 }, (_, n) => frame("x".repeat(n * 100)));
		for (const part of parts) {
			transport.write(new Batch(part));
			if (Math.random() < 0.5) await turn();
		}
		transport.write(Batch.of(parts));
		transport.end();

		const expected = Buffer.concat([FIRST, ...parts, ...parts]).toString();
		expect(await read(way, await body)).toBe(expected);
		await eventually(() => expect(told).toEqual(["close"]));
	});

	it("sends only its head", async () => {
		const { body } = await openOver(way, ignore, transport => transport.flushHead());

		await expect(body).resolves.toBeDefined();
	});

	it("reports what its client has not taken, and when it has", async () => {
		const { transport, told, body } = await openOver(way);
		const client = await body;
		let drained = 0;
		expect(transport.isBlocked).toBe(false);
		// until the system's buffers are full
		while (transport.unsent < 2 ** 23) {
			transport.write(new Batch(LARGE));
			await turn();
		}
		const { taken, unsent } = transport;
		expect(unsent).toBeGreaterThan(0);
		expect(transport.isBlocked).toBe(true);
		transport.onDrain(() => drained++);
		await sleep(20);
		expect(drained).toBe(0);
		client.resume();

		await eventually(() => expect([drained, transport.unsent]).toEqual([1, 0]));
		expect(transport.isBlocked).toBe(false);
		expect(transport.taken).not.toBe(taken);
		expect(told).toEqual([]);
	});

	it("reports for each write that it is gone, or never will be, unless other code stands between", async () => {
		const { transport, body } = await openOver(way);
		expect(transport.tells).toBe(way.isWrapped !== true);
		if (!transport.tells) return;
		const gone: string[] = [];
		const note = (error?: Error | null) => void gone.push(error ? "lost" : "gone");
		const client = await body;
		transport.write(new Batch(FIRST), note);
		client.resume();
		await eventually(() => expect(gone).toEqual(["gone"]));
		client.pause();
		while (transport.unsent < 2 ** 23) {
			transport.write(new Batch(LARGE));
			await turn();
		}
		transport.write(new Batch(FIRST), note);
		transport.destroy();

		await eventually(() => expect(gone).toEqual(["gone", "lost"]));
	});

	it.each<[string, (transport: Transport, client: Readable) => void]>([
		["it is ended", transport => transport.end()],
		["it is ended, twice", transport => [transport.end(), transport.end()]],
		["it is broken off", transport => transport.destroy()],
		[
			"it is broken off, and the connection reset",
			transport => [transport.reset(), transport.destroy()]
		],
		["its client leaves", (_, client) => client.destroy()]
	])("closes once: %s", async (_, close) => {
		const { transport, told, body } = await openOver(way);
		const client = await body;
		client.resume();
		close(transport, client);

		await eventually(() => expect(told).toEqual(["close"]));
		await sleep(20);
		expect(told).toEqual(["close"]);
	});

	it("reports a failure after the end of the stream", async () => {
		const { transport, told, body } = await openOver(way);
		await body;
		const failure = new Error("failed");
		transport.fail(failure);

		await eventually(() => expect(told).toEqual([failure, "close"]));
	});

	it("does nothing once it has closed, and keeps nothing", async () => {
		const { transport, told, body } = await openOver(way);
		await body;
		transport.destroy();
		await eventually(() => expect(told).toEqual(["close"]));
		transport.open();
		transport.flushHead();
		transport.write(new Batch(FIRST));
		transport.onDrain(() => told.push("drained"));
		transport.settle(() => told.push("let go"));
		transport.end();
		transport.reset();
		transport.destroy();
		transport.release();
		await sleep(20);

		expect(told).toEqual(["close"]);
		expect([transport.unsent, transport.isBlocked]).toEqual([0, false]);
	});

	it.each(["writeHead", "write", "end"] as const)(
		"does not pass on what an application's `%s` throws, but reports it and closes",
		async method => {
			const failure = new Error("wrapped badly");
			const fail = () => {
				throw failure;
			};
			// nothing is called of a response that is released
			if (way.letsGo) return;
			const { transport, told } = await openOver(way, response => {
				Object.assign(response, { [method]: fail });
			});
			transport.end();

			await eventually(() => expect(told).toEqual(expect.arrayContaining([failure, "close"])));
		}
	);
});
