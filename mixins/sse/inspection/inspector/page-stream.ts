import type { ServerResponse } from "node:http";
import { breakOff, isBlocked } from "../../gateway/request/plain-response.ts";
import type { SseGatewayResponse } from "../../gateway/types.ts";
import type { Watch } from "./watch.ts";

/** Milliseconds after which a page is told to open its next stream, and after which this one ends. */
const RENEW = 50_000;
const LIFE = 60_000;
/** Looks that a page may leave unread before its stream is broken off. */
const MOST_UNREAD = 30;

/**
 * The stream of one open page. It lives for a minute, so that the gateway asks again who may look; the page opens the next one
 * before that.
 */
export class PageStream {
	readonly #response: SseGatewayResponse;
	readonly #timers: readonly NodeJS.Timeout[];
	readonly #leave: () => void;
	readonly #onEnd: (page: PageStream) => void;
	#unread = 0;
	#hasEnded = false;

	/** @param onEnd Called once. */
	constructor(response: SseGatewayResponse, watch: Watch, onEnd: (page: PageStream) => void) {
		this.#response = response;
		this.#onEnd = onEnd;
		// Without a listener, the error of a page that has left would be thrown.
		response.on("error", this.#closed).on("close", this.#closed);
		this.#timers = [
			setTimeout(() => this.#write("event: renew\ndata:\n\n"), RENEW).unref(),
			setTimeout(() => this.end(), LIFE).unref()
		];
		this.#write("retry: 2000\n\n");
		this.#leave = watch.add(look => this.#look(look));
	}

	/** Ends the stream; the page comes back by itself, here or at another gateway. */
	end(): void {
		if (this.#hasEnded) return;
		this.#closed();
		// Once it has ended, Node no longer says that it is blocked.
		if (isBlocked(this.#response)) {
			breakOff(this.#response);
			return;
		}
		try {
			this.#response.end();
		} catch {
			breakOff(this.#response);
		}
	}

	/** A page that does not read, as one in a tab that the browser has frozen, gets nothing more until it does. */
	#look(look: string): void {
		if (this.#hasEnded) return;
		if (!isBlocked(this.#response)) {
			this.#unread = 0;
			this.#write(`event: look\ndata: ${look}\n\n`);
		} else if (++this.#unread > MOST_UNREAD) {
			this.#closed();
			breakOff(this.#response);
		}
	}

	#write(text: string): void {
		try {
			(this.#response as ServerResponse).write(text);
		} catch {
			// Something that wraps the response has failed.
			breakOff(this.#response);
		}
	}

	readonly #closed = (): void => {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		for (const timer of this.#timers) clearTimeout(timer);
		this.#leave?.();
		this.#onEnd(this);
	};
}
