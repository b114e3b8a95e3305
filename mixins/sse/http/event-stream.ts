import type { ServerResponse } from "node:http";
import { type CloseReason, closeFrame } from "../core/control.ts";
import type { Frame } from "../core/frame.ts";
import type { Subscription } from "../core/registry.ts";
import { Batch } from "./batch.ts";
import {
	closeConnection,
	connectionOf,
	isHttp2,
	type StreamRequest,
	type StreamResponse
} from "./connection.ts";
import type { Flush } from "./flush.ts";
import { Outlet } from "./outlet.ts";

export interface EventStreamOptions extends Subscription {
	/** Bytes that may be unsent; a stream that exceeds them is disconnected. */
	maxUnsentBytes: number;
	/** The writes of the gateway. */
	flush: Flush;
	/** `performance.now()` at which the stream has lived its life; Infinity = never. */
	expiresAt: number;
	/** Called once, as soon as the stream takes no more events. */
	onEnd(stream: EventStream): void;
	/** Called once, when nothing of the stream is left, after `onEnd`. */
	onClose(stream: EventStream): void;
}

export interface EndOptions {
	/**
	 * Also close the connection, which keep-alive would hold open: a server that is about to close
	 * would wait for it. Default false.
	 */
	hangUp?: boolean;
	/** Milliseconds that the client has to take its last bytes; default 2,000. */
	grace?: number;
}

const END_GRACE = 2000;

/** `no-transform` keeps compressing proxies from buffering the stream, `X-Accel-Buffering` nginx. */
const HEAD = {
	"Content-Type": "text/event-stream",
	"Cache-Control": "no-cache, no-transform",
	"X-Accel-Buffering": "no"
};

/** Milliseconds for which a burst may exceed the bound, and the times by which it may. */
const BURST_TIME = 250;
const BURST = 8;

/** Writes the head of a stream. On HTTP/1.1 it leaves with the first bytes, or with the end. */
export function writeHead(response: StreamResponse): void {
	// Nothing takes a request behind a stream, see detach.ts. HTTP/2 forbids it (RFC 9113, 8.2.2).
	if (!isHttp2(response)) response.setHeader("Connection", "close");
	(response as ServerResponse).writeHead(200, HEAD);
}

/** Answers with a stream that ends at once, and closes its connection, which keep-alive would hold. */
export function answerAndHangUp(
	request: StreamRequest,
	response: StreamResponse,
	last: Frame
): void {
	writeHead(response);
	const connection = connectionOf(request, response);
	(response as ServerResponse).end(last, () => closeConnection(connection));
}

/** One open response. It ends once, whatever ends it, and then lets go of everything it held. */
export class EventStream implements Subscription {
	readonly sessionIds: readonly string[];
	readonly eventNames: readonly string[];
	readonly expiresAt: number;
	/** Written to since the heartbeat last looked. */
	written = true;
	/** Being brought up to date from the history: it must not get live events out of their order. */
	isHeld = false;
	/** The first frame, while it is not decided yet what it says: it is written before any other. */
	pending: Frame | undefined;
	/** `performance.now()` of the look at which the stream was first found silent. */
	silentSince = 0;

	readonly #outlet: Outlet;
	readonly #flush: Flush;
	/** What it got in this turn of the event loop. */
	#batch: Batch | undefined;
	#state: "open" | "ending" | "closed" = "open";
	#deadline: NodeJS.Timeout | undefined;
	#hangsUp = false;
	/** The bound is exceeded; whether only for a moment is looked at behind it. */
	#suspicion: NodeJS.Timeout | undefined;
	readonly maxUnsentBytes: number;
	readonly #onEnd: (stream: EventStream) => void;
	readonly #onClose: (stream: EventStream) => void;

	constructor(request: StreamRequest, response: StreamResponse, options: EventStreamOptions) {
		this.#outlet = new Outlet(request, response, () => this.#closed());
		this.#flush = options.flush;
		this.sessionIds = options.sessionIds;
		this.eventNames = options.eventNames;
		this.expiresAt = options.expiresAt;
		this.maxUnsentBytes = options.maxUnsentBytes;
		this.#onEnd = options.onEnd;
		this.#onClose = options.onClose;
	}

	/** Writes the head, and from then on watches the response. */
	open(request: StreamRequest, response: StreamResponse): void {
		if (this.#state !== "open") return;
		// A server's idle timeout (moleculer-web's httpServerTimeout) would kill a silent stream.
		request.setTimeout(0);
		if (isHttp2(response)) response.stream.session?.setTimeout(0);
		this.#outlet.watch();
		writeHead(response);
	}

	/** Sends the head although no frame follows at once. */
	flushHead(): void {
		this.#outlet.flushHead();
	}

	/** Lets go of what only a stream's beginning needs; to be called when its request is handled. */
	settle(): void {
		this.#outlet.detach();
	}

	get isOpen(): boolean {
		return this.#state === "open";
	}

	/** Gives the stream a frame, to be written at the end of this turn of the event loop. */
	send(frame: Frame): void {
		if (this.#state !== "open") return;
		this.written = true;
		if (this.#batch === undefined) {
			this.#batch = this.#flush.first(frame);
			this.#flush.add(this);
		} else {
			this.#batch = this.#batch.and(frame);
		}
		// What waits is bounded like what is unsent.
		if (this.#batch.byteLength > this.maxUnsentBytes) this.flush();
	}

	/** Writes what it was given and has not written. */
	flush(): void {
		const batch = this.#batch;
		if (batch === undefined) return;
		this.#batch = undefined;
		if (this.#state === "open") this.#put(batch);
	}

	/**
	 * Writes a frame at once, behind what was sent before.
	 *
	 * @returns False if the client is slower than this: the next frame should wait for {@link onDrain}.
	 */
	write(frame: Frame): boolean {
		this.flush();
		if (this.#state !== "open") return false;
		this.written = true;
		return this.#put(new Batch(frame));
	}

	/**
	 * A stream that has more unsent than the bound for longer than a moment is disconnected. What is
	 * written here does not count: a frame that alone exceeds the bound could never be delivered, and the
	 * client would come back for it for ever.
	 */
	#put(batch: Batch): boolean {
		const { unsent } = this.#outlet;
		if (unsent > this.maxUnsentBytes) {
			if (unsent > this.maxUnsentBytes * BURST) {
				this.destroy();
				return false;
			}
			this.#suspect();
		}
		return this.#outlet.write(batch);
	}

	/** A burst takes a client that reads a moment: only what is unsent after it is the client's fault. */
	#suspect(): void {
		this.#suspicion ??= setTimeout(() => {
			this.#suspicion = undefined;
			if (this.#state === "open" && this.#outlet.unsent > this.maxUnsentBytes) this.destroy();
		}, BURST_TIME);
	}

	/** Calls back once when the client has taken what was written; never if the stream ends before. */
	onDrain(callback: () => void): void {
		this.#outlet.onDrain(callback);
	}

	/** Ends the stream in order: `sse.close`, then the end of the response. */
	end(reason: CloseReason, { hangUp = false, grace = END_GRACE }: EndOptions = {}): void {
		if (this.#state !== "open") return;
		if (this.pending !== undefined) this.write(this.pending);
		this.write(closeFrame(reason));
		if (!this.#endOnce()) return;
		this.#deadline = setTimeout(() => this.destroy(), grace);
		this.#hangsUp = hangUp;
		this.#outlet.end(hangUp);
	}

	/** Ends the stream at once: what is unsent is dropped, the client sees a broken connection. */
	destroy(): void {
		if (this.#state === "closed") return;
		this.#endOnce();
		this.#outlet.destroy(this.#hangsUp);
	}

	/** Takes no more events; whether it did until now. */
	#endOnce(): boolean {
		if (this.#state !== "open") return false;
		this.#state = "ending";
		this.#batch = undefined;
		this.#onEnd(this);
		return true;
	}

	#closed(): void {
		this.#endOnce();
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#outlet.release();
		clearTimeout(this.#deadline);
		clearTimeout(this.#suspicion);
		this.#onClose(this);
	}
}
