import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Service, ServiceBroker } from "moleculer";
import { TLS } from "./tls.ts";

type Headers = Readonly<Record<string, string>>;

/** One connection to a gateway, that may behave as no browser does. */
export interface WireClient {
	/** All that came, as text of single bytes. */
	readonly text: string;
	/** Sends requests, one right behind the other; a body follows the head of each. */
	get(requests: readonly { path: string; headers: Headers; body?: string }[]): void;
	/** Reads no further. */
	pause(): void;
	resume(): void;
	/** Says that it sends no more. */
	halfClose(): void;
	/** Leaves without a word. */
	reset(): void;
	/** Leaves in order. */
	close(): void;
}

/** A way in which clients reach a gateway. */
export interface Wire {
	readonly name: string;
	/** Settings of the gateway's service. */
	settings(): Record<string, unknown>;
	/** The server that a gateway listens with; it does by now. */
	serve(service: Service): Promise<Server>;
	connect(server: Server): WireClient;
}

const own = async (service: Service): Promise<Server> => Reflect.get(service, "server");

const overTcp = (server: Server): Socket => connectTcp(addressOf(server));
const overTls = (server: Server): Socket => connectTls({ ...addressOf(server), ca: TLS.cert });

/** Every way that a gateway can be reached by. */
export const WIRES: readonly Wire[] = [
	{
		name: "HTTP/1.1",
		settings: () => ({}),
		serve: own,
		connect: server => http1(overTcp(server))
	},
	{
		name: "HTTP/1.1 over TLS",
		settings: () => ({ https: TLS }),
		serve: own,
		connect: server => http1(overTls(server))
	},
	{
		name: "HTTP/1.1 over a unix socket",
		settings: () => ({ ip: undefined, port: join(tmpdir(), `sse-${crypto.randomUUID()}.sock`) }),
		serve: own,
		connect: server => http1(connectTcp(server.address() as string))
	},
	{
		name: "HTTP/2",
		settings: () => ({ http2: true }),
		serve: own,
		connect: server => http2(`http://127.0.0.1:${addressOf(server).port}`)
	},
	{
		name: "HTTP/2 over TLS",
		settings: () => ({ http2: true, https: TLS }),
		serve: own,
		connect: server => http2(`https://127.0.0.1:${addressOf(server).port}`)
	},
	{
		name: "an application's own server",
		settings: () => ({ server: false }),
		async serve(service) {
			const { express } = service as unknown as { express(): (...args: unknown[]) => void };
			const handle = express.call(service);
			const server = createServer((req, res) => handle(req, res, () => res.end()));
			server.listen(0, "127.0.0.1");
			await once(server, "listening");
			return server;
		},
		connect: server => http1(overTcp(server))
	}
];

function addressOf(server: Server): { host: string; port: number } {
	const { port } = server.address() as { port: number };
	return { host: "127.0.0.1", port };
}

function http1(socket: Socket): WireClient {
	let text = "";
	socket.setEncoding("latin1").on("data", (part: string) => {
		text += part;
	});
	socket.on("error", ignore);
	return {
		get text() {
			return text;
		},
		get(requests) {
			const written = requests.map(({ path, headers, body = "" }) => {
				const length = body === "" ? {} : { "content-length": String(body.length * 2) };
				const lines = Object.entries({ host: "localhost", ...headers, ...length });
				const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
				// half of the body never comes
				return `GET ${path} HTTP/1.1\r\n${head}\r\n${body}`;
			});
			socket.write(written.join(""));
		},
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		halfClose: () => socket.end(),
		reset: () => {
			try {
				socket.resetAndDestroy();
			} catch {
				// not a TCP socket
				socket.destroy();
			}
		},
		close: () => socket.destroy()
	};
}

function http2(origin: string): WireClient {
	const session = connectHttp2(origin, { ca: TLS.cert });
	session.on("error", ignore);
	let text = "";
	const streams: ReturnType<typeof session.request>[] = [];
	return {
		get text() {
			return text;
		},
		get(requests) {
			for (const { path, headers, body } of requests) {
				if (session.closed || session.destroyed) return;
				const stream = session.request({ ":path": path, ...headers }, { endStream: !body });
				stream.on("error", ignore).setEncoding("latin1");
				stream.on("data", (part: string) => {
					text += part;
				});
				if (body) stream.write(body);
				streams.push(stream);
			}
		},
		pause: () => streams.forEach(stream => void stream.pause()),
		resume: () => streams.forEach(stream => void stream.resume()),
		halfClose: () => streams.forEach(stream => void stream.end()),
		reset: () => streams.forEach(stream => void stream.close(8)),
		close: () => session.destroy()
	};
}

function ignore(): void {}

/** What a gateway holds of streams, and of those who opened them. */
export function leftOf(service: Service): Record<string, number> {
	const { streams, unclosed, limits } = Reflect.get(service, Symbol.for("moleculer-sse.gateway"));
	return {
		streams: streams.size,
		sessions: streams.sessionCount,
		names: streams.eventNameCount,
		unclosed,
		limits: limits.counted
	};
}

/** @returns Whether a node has stopped within its time. */
export async function stops(broker: ServiceBroker, within: number): Promise<boolean> {
	const late = Symbol("late");
	const timer = Promise.withResolvers<symbol>();
	const handle = setTimeout(() => timer.resolve(late), within);
	const how = await Promise.race([broker.stop(), timer.promise]);
	clearTimeout(handle);
	return how !== late;
}
