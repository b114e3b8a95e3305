import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { Service, ServiceBroker } from "moleculer";
import { resetSocket } from "../clients/reset-socket.ts";
import { TLS } from "../tls.ts";

type Headers = Readonly<Record<string, string>>;

/** One connection to a gateway, which may behave like no browser. */
export interface WireClient {
	/** Everything received, as text of single bytes. */
	readonly text: string;
	/** Sends requests, pipelined; a body follows the head of each. */
	get(requests: readonly { path: string; headers: Headers; body?: string }[]): void;
	/** Stops reading. */
	pause(): void;
	resume(): void;
	/** Ends its half of the connection. */
	halfClose(): void;
	/** Leaves abruptly. */
	reset(): void;
	/** Leaves gracefully. */
	close(): void;
}

/** A way in which clients reach a gateway. */
export interface Wire {
	readonly name: string;
	/** Settings of the gateway's service. */
	settings(): Record<string, unknown>;
	/** The address of a gateway, which listens by now. */
	open(service: Service): Promise<Door>;
}

/** The address of a gateway. */
export interface Door {
	readonly server: Server;
	/** Tries to connect, even if the server is closed. */
	connect(): WireClient;
}

/** By the gateway's own server. */
const own =
	(connect: (address: Address) => WireClient) =>
	async (service: Service): Promise<Door> => {
		const server: Server = Reflect.get(service, "server");
		const address = addressOf(server);
		return { server, connect: () => connect(address) };
	};

type Address = { host: string; port: number } | { path: string };

function addressOf(server: Server): Address {
	const address = server.address();
	if (typeof address === "string") return { path: address };
	return { host: "127.0.0.1", port: address?.port ?? 0 };
}

const originOf = (address: Address): string =>
	"port" in address ? `127.0.0.1:${address.port}` : address.path;

/** Every way in which a gateway can be reached. */
export const WIRES: readonly Wire[] = [
	{
		name: "HTTP/1.1",
		settings: () => ({}),
		open: own(address => http1(connectTcp(address)))
	},
	{
		name: "HTTP/1.1 over TLS",
		settings: () => ({ https: TLS }),
		open: own(address => http1(connectTls({ ...address, ca: TLS.cert })))
	},
	{
		name: "HTTP/1.1 over a unix socket",
		settings: () => ({ ip: undefined, port: join(tmpdir(), `sse-${crypto.randomUUID()}.sock`) }),
		open: own(address => http1(connectTcp(address)))
	},
	{
		name: "HTTP/2",
		settings: () => ({ http2: true }),
		open: own(address => http2(`http://${originOf(address)}`))
	},
	{
		name: "HTTP/2 over TLS",
		settings: () => ({ http2: true, https: TLS }),
		open: own(address => http2(`https://${originOf(address)}`))
	},
	{
		name: "an application's own server",
		settings: () => ({ server: false }),
		async open(service) {
			const { express } = service as unknown as { express(): (...args: unknown[]) => void };
			const handle = express.call(service);
			const server = createServer((req, res) => handle(req, res, () => res.end()));
			server.listen(0, "127.0.0.1");
			await once(server, "listening");
			const address = addressOf(server);
			return { server, connect: () => http1(connectTcp(address)) };
		}
	}
];

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
				// half of the body never arrives
				return `GET ${path} HTTP/1.1\r\n${head}\r\n${body}`;
			});
			socket.write(written.join(""));
		},
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		halfClose: () => socket.end(),
		reset: () => resetSocket(socket),
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
