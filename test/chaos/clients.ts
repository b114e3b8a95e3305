import { Agent, type ClientRequest, request } from "node:http";
import { createParser } from "eventsource-parser";
import type { Entry, Log } from "./log.ts";

/** Milliseconds until a refused connection is tried again. */
const REFUSED_PAUSE = 100;
const DEFAULT_RETRY = 1000;

/**
 * A page with an EventSource: keeps the last id, comes back after `retry` whenever its stream ends, and records what happens to
 * it. If EventSource would give up (anything but a 200), the page creates another one, as pages have to.
 */
export class Client {
	readonly log: Log;
	/** Where it goes now; a page behind a load balancer always goes to the same address. */
	url: string;
	readonly #eventName: string;
	readonly #entries: Entry[] = [];
	#request: ClientRequest | undefined;
	#lastEventId: string | undefined;
	#retry = DEFAULT_RETRY;
	#timer: NodeJS.Timeout | undefined;
	#isClosed = false;
	/** Connections of its own: no two streams share one. */
	readonly #agent = new Agent({ keepAlive: false });

	constructor(url: string, sessionId: string, eventName: string) {
		this.url = url;
		this.#eventName = eventName;
		this.log = { sessionId, entries: this.#entries };
		this.#open();
	}

	get entries(): readonly Entry[] {
		return this.#entries;
	}

	/** Whether a stream is open. */
	get isOpen(): boolean {
		const last = this.#entries.findLast(({ kind }) => kind === "opened" || kind === "closed");
		return last?.kind === "opened";
	}

	/** Breaks its connection; it comes back by itself, `away` milliseconds later. */
	cut(away = 0): void {
		this.leave();
		this.#comeBack(this.#retry + away);
	}

	/** Breaks its connection, and it stays away until it is told to come back. */
	leave(): void {
		clearTimeout(this.#timer);
		const request = this.#request;
		this.#request = undefined;
		request?.destroy();
	}

	comeBack(): void {
		this.#comeBack(0);
	}

	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		this.#request?.destroy();
	}

	#comeBack(pause: number): void {
		clearTimeout(this.#timer);
		if (!this.#isClosed) this.#timer = setTimeout(() => this.#open(), pause);
	}

	#open(): void {
		const headers = {
			Accept: "text/event-stream",
			Cookie: `sid=${this.log.sessionId}`,
			...(this.#lastEventId !== undefined && { "Last-Event-ID": this.#lastEventId })
		};
		const req = request(`${this.url}/sse/event-stream?eventName=${this.#eventName}`, {
			headers,
			agent: this.#agent
		});
		this.#request = req;
		const askedAt = Date.now();
		const note = (entry: Entry) => this.#entries.push(entry);
		const over = (pause: number) => {
			if (req !== this.#request) return;
			this.#request = undefined;
			this.#comeBack(pause);
		};
		req.on("error", () => over(REFUSED_PAUSE));
		req.on("response", res => {
			if (res.statusCode !== 200) {
				res.resume();
				res.on("close", () => over(REFUSED_PAUSE));
				return;
			}
			const parser = createParser({
				onRetry: retry => {
					this.#retry = retry;
				},
				onEvent: ({ id, event = "message", data }) => {
					if (req !== this.#request) return;
					this.#lastEventId = id ?? this.#lastEventId;
					const at = Date.now();
					const content = JSON.parse(data);
					if (event === "sse.open") note({ kind: "opened", at, askedAt, resumed: content.resumed });
					else if (event === "sse.reset") note({ kind: "reset", at, reason: content.reason });
					else if (!event.startsWith("sse.")) note({ kind: "event", at, id, data: content });
				}
			});
			res.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
			res.on("error", () => {});
			res.on("close", () => {
				note({ kind: "closed", at: Date.now() });
				over(this.#retry);
			});
		});
		req.end();
	}
}
