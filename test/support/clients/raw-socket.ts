import { connect, type Socket } from "node:net";
import { resetSocket } from "../clients/reset-socket.ts";
import { onTestFinished } from "../on-test-finished.ts";

const PATIENCE = 5000;

/** A bare connection to a server, to send and leave like no well-behaved client. */
export class RawSocket {
	readonly socket: Socket;
	/** Resolves when the connection is gone, whoever ended it. */
	readonly closed: Promise<void>;
	#text = "";

	constructor(url: string) {
		const { hostname, port } = new URL(url);
		this.socket = connect(Number(port), hostname);
		this.socket.setEncoding("latin1").on("data", (text: string) => {
			this.#text += text;
		});
		// tests break connections on purpose
		this.socket.on("error", () => {});
		this.closed = new Promise(resolve => this.socket.once("close", () => resolve()));
		onTestFinished(() => void this.socket.destroy());
	}

	/** Everything received, including head and chunk sizes. */
	get text(): string {
		return this.#text;
	}

	/** Sends GET requests, pipelined. */
	get(...urls: string[]): void {
		for (const url of urls) {
			const { pathname, search, host } = new URL(url);
			this.socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
		}
	}

	/** Resolves when `text` has arrived. */
	until(text: string): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const look = () => {
			if (this.#text.includes(text)) resolve();
		};
		const late = setTimeout(() => {
			reject(new Error(`"${text}" did not come; what came:\n${this.#text.slice(-1000)}`));
		}, PATIENCE);
		this.socket.on("data", look);
		look();
		return promise.finally(() => {
			clearTimeout(late);
			this.socket.off("data", look);
		});
	}

	/** Leaves abruptly: RST instead of FIN. */
	reset(): void {
		resetSocket(this.socket);
	}
}

/** Opens a stream on a connection of its own; resolves when its first event has arrived. */
export async function openRawStream(url: string): Promise<RawSocket> {
	const raw = new RawSocket(url);
	raw.get(url);
	await raw.until("sse.open");
	return raw;
}
