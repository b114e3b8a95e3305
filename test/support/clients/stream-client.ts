import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { createParser } from "eventsource-parser";
import { onTestFinished } from "../on-test-finished.ts";
import { type RequestOptions, start } from "./request.ts";

/** An event as a browser's parser sees it. */
export interface ReceivedEvent {
	readonly id: string | undefined;
	readonly event: string | undefined;
	readonly data: string;
}

/** How a stream ended: the server ended it gracefully, or the connection broke. */
export type StreamEnd = "ended" | "broken";

const PATIENCE = 5000;

/** A payload of 8 MiB: twice what a system buffers for a client that does not read. */
export const FLOOD: string = "x".repeat(8 * 1024 * 1024);

/** One open stream, read as it arrives; parsed by a parser that is not the project's own. */
export class StreamClient {
	readonly status: number;
	readonly headers: IncomingHttpHeaders;
	/** Everything that arrived, in order. */
	readonly events: ReceivedEvent[] = [];
	/** Values of `retry:`, in order. */
	readonly retries: number[] = [];
	readonly #body: Readable;
	readonly #hangUp: () => void;
	readonly #changed = new EventEmitter().setMaxListeners(0);
	#text = "";
	#end: StreamEnd | undefined;

	constructor(status: number, headers: IncomingHttpHeaders, body: Readable, hangUp: () => void) {
		this.status = status;
		this.headers = headers;
		this.#body = body;
		this.#hangUp = hangUp;
		const parser = createParser({
			onEvent: ({ id, event, data }) => this.events.push({ id, event, data }),
			onRetry: retry => this.retries.push(retry)
		});
		body.setEncoding("utf8").on("data", (text: string) => {
			this.#text += text;
			parser.feed(text);
			this.#changed.emit("change");
		});
		const settle = (how: StreamEnd) => {
			this.#end ??= how;
			this.#changed.emit("change");
		};
		// a reset HTTP/2 stream ends normally, except for its code
		body.on("end", () => settle(Reflect.get(body, "rstCode") ? "broken" : "ended"));
		body.on("error", () => settle("broken"));
		body.on("close", () => settle("broken"));
		onTestFinished(() => this.close());
	}

	/** The bytes so far, as text. */
	get text(): string {
		return this.#text;
	}

	/** The data of the events of a name so far, parsed. */
	received(event: string): unknown[] {
		return this.events.filter(e => e.event === event).map(({ data }) => JSON.parse(data));
	}

	/**
	 * The first event of a name, or the `count`-th, past or future.
	 *
	 * Rejects if the stream ends first, or nothing of that name arrives.
	 */
	async next(event: string, count = 1): Promise<ReceivedEvent & { data: string }> {
		await this.until(() => this.events.filter(e => e.event === event).length >= count, event);
		return this.events.filter(e => e.event === event)[count - 1] as ReceivedEvent;
	}

	/** How it ended; undefined as long as more can arrive. */
	get ended(): StreamEnd | undefined {
		return this.#end;
	}

	/** Resolves when nothing more can arrive, with how that came about. */
	get end(): Promise<StreamEnd> {
		return this.#wait("its end", () => this.#end);
	}

	/** Resolves when `condition` holds, checked whenever something arrived. */
	async until(condition: () => boolean, what = "what was awaited"): Promise<void> {
		await this.#wait(what, () => condition() || (this.#end ? this.#fail(what) : undefined));
	}

	#wait<T>(what: string, look: () => T | false | undefined): Promise<T> {
		const { promise, resolve, reject } = Promise.withResolvers<T>();
		const check = () => {
			try {
				const found = look();
				if (found) resolve(found);
			} catch (error) {
				reject(error);
			}
		};
		const late = setTimeout(() => reject(this.#failure(`${what} did not come`)), PATIENCE);
		this.#changed.on("change", check);
		check();
		return promise.finally(() => {
			clearTimeout(late);
			this.#changed.off("change", check);
		});
	}

	#fail(what: string): never {
		throw this.#failure(`the stream ${this.#end} before ${what} came`);
	}

	#failure(why: string): Error {
		return new Error(`${why}; it holds:\n${clip(this.#text)}`);
	}

	/** Stops reading, so that what the server writes piles up. */
	stall(): void {
		this.#body.pause();
	}

	/** Continues reading. */
	resume(): void {
		this.#body.resume();
	}

	/** Leaves, like a closed browser tab. */
	close(): void {
		this.#hangUp();
	}
}

/** Opens a stream over HTTP/1.1; resolves when its head and its first event have arrived. */
export async function openStream(url: string, options: RequestOptions = {}): Promise<StreamClient> {
	const stream = await requestStream(url, options);
	if (stream.status !== 200) throw new Error(`${url} was answered ${stream.status}`);
	await stream.next("sse.open");
	return stream;
}

/** Sends a request that may be answered with a stream; resolves when the head has arrived. */
export function requestStream(url: string, options: RequestOptions = {}): Promise<StreamClient> {
	const { promise, resolve, reject } = Promise.withResolvers<StreamClient>();
	const outgoing = start(url, options);
	outgoing.on("error", reject);
	outgoing.on("response", response => {
		const hangUp = () => outgoing.destroy();
		resolve(new StreamClient(response.statusCode as number, response.headers, response, hangUp));
	});
	outgoing.end(options.body);
	return promise;
}

/** Both ends of a text, if it is long. */
function clip(text: string): string {
	return text.length < 2000 ? text : `${text.slice(0, 1000)}\n[…]\n${text.slice(-1000)}`;
}
