import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import { type CloseReason, closeFrame } from "../core/control.ts";
import type { Frame } from "../core/frame.ts";
import type { Subscription } from "../core/registry.ts";
import {
	type Connection,
	closeConnection,
	connectionOf,
	isHttp2,
	type StreamRequest,
	type StreamResponse
} from "./connection.ts";

export interface EventStreamOptions extends Subscription {
	/** Bytes that may be unsent; a stream that exceeds them is disconnected. */
	maxUnsentBytes: number;
	/** `performance.now()` at which the stream has lived its life; Infinity = never. */
	expiresAt: number;
	/** What its end is called then; default `timeout`. */
	endsBy?: CloseReason;
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
	/** When to come back, in milliseconds; default: as the stream's first frame has said. */
	retry?: number | undefined;
}

const END_GRACE = 2000;

/**
 * `no-transform` keeps compressing proxies from buffering the stream, `X-Accel-Buffering` nginx. No
 * `Connection` header: HTTP/2 forbids it (RFC 9113, 8.2.2), HTTP/1.1 does not need it.
 */
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
	(response as ServerResponse).writeHead(200, HEAD);
}

/** Answers with a stream that ends at once, and closes its connection, which keep-alive would hold. */
export function answerAndHangUp(
	request: StreamRequest,
	response: StreamResponse,
	last: Frame
): void {
	if (!isHttp2(response)) response.setHeader("Connection", "close");
	writeHead(response);
	const connection = connectionOf(request, response);
	(response as ServerResponse).end(last, () => closeConnection(connection));
}

/** One open response. It ends once, whatever ends it, and then lets go of everything it held. */
export class EventStream implements Subscription {
	readonly sessionIds: readonly string[];
	readonly eventNames: readonly string[];
	readonly expiresAt: number;
	readonly endsBy: CloseReason;
	/** Written to since the heartbeat last looked. */
	written = true;
	/** Being brought up to date from the history: it must not get live events out of their order. */
	isHeld = false;
	/** The first frame, while it is not decided yet what it says: it is written before any other. */
	pending: Frame | undefined;
	/** `performance.now()` of the look at which the stream was first found silent. */
	silentSince = 0;

	#response: StreamResponse | undefined;
	readonly #connection: Connection | undefined;
	#state: "open" | "ending" | "closed" = "open";
	#deadline: NodeJS.Timeout | undefined;
	#hangsUp = false;
	/** The bound is exceeded; whether only for a moment is looked at behind it. */
	#suspicion: NodeJS.Timeout | undefined;
	readonly maxUnsentBytes: number;
	readonly #onEnd: (stream: EventStream) => void;
	readonly #onClose: (stream: EventStream) => void;

	constructor(request: StreamRequest, response: StreamResponse, options: EventStreamOptions) {
		this.#connection = connectionOf(request, response);
		this.sessionIds = options.sessionIds;
		this.eventNames = options.eventNames;
		this.expiresAt = options.expiresAt;
		this.endsBy = options.endsBy ?? "timeout";
		this.maxUnsentBytes = options.maxUnsentBytes;
		this.#onEnd = options.onEnd;
		this.#onClose = options.onClose;
		this.#response = response;
	}

	/** Writes the head, and from then on watches the response. */
	open(request: StreamRequest): void {
		const response = this.#response;
		if (this.#state !== "open" || response === undefined) return;
		// A server's idle timeout (moleculer-web's httpServerTimeout) would kill a silent stream.
		request.setTimeout(0);
		if (isHttp2(response)) response.stream.session?.setTimeout(0);
		response.once("close", () => this.#closed());
		// "close" follows; without a listener the error of a vanished client would be thrown.
		response.on("error", () => {});
		writeHead(response);
	}

	/** Sends the head although no frame follows at once. */
	flushHead(): void {
		const response = this.#response;
		if (response !== undefined && !isHttp2(response)) response.flushHeaders();
	}

	get isOpen(): boolean {
		return this.#state === "open";
	}

	/**
	 * Writes a frame. A stream that has more unsent than the bound for longer than a moment is
	 * disconnected. The frame itself does not count: one that alone exceeds the bound could never be
	 * delivered, and the client would come back for it for ever.
	 *
	 * @returns False if the client is slower than this: the next frame should wait for {@link onDrain}.
	 */
	write(frame: Frame): boolean {
		const response = this.#response;
		if (this.#state !== "open" || response === undefined) return false;
		this.written = true;
		const unsent = response.writableLength;
		if (unsent > this.maxUnsentBytes) {
			if (unsent > this.maxUnsentBytes * BURST) {
				this.destroy();
				return false;
			}
			this.#suspect();
		}
		return (response as ServerResponse).write(frame);
	}

	/** A burst takes a client that reads a moment: only what is unsent after it is the client's fault. */
	#suspect(): void {
		this.#suspicion ??= setTimeout(() => {
			this.#suspicion = undefined;
			const unsent = this.#response?.writableLength ?? 0;
			if (this.#state === "open" && unsent > this.maxUnsentBytes) this.destroy();
		}, BURST_TIME);
	}

	/** Calls back once when the client has taken what was written; never if the stream ends before. */
	onDrain(callback: () => void): void {
		this.#response?.once("drain", callback);
	}

	/** Ends the stream in order: `sse.close`, then the end of the response. */
	end(reason: CloseReason, { hangUp = false, grace = END_GRACE, retry }: EndOptions = {}): void {
		const response = this.#response;
		if (this.#state !== "open" || response === undefined) return;
		if (this.pending !== undefined) this.write(this.pending);
		this.write(closeFrame(reason, retry));
		if (!this.#endOnce()) return;
		this.#deadline = setTimeout(() => this.destroy(), grace);
		this.#hangsUp = hangUp;
		const connection = this.#connection;
		(response as ServerResponse).end(hangUp ? () => closeConnection(connection) : undefined);
	}

	/**
	 * Takes no more events from now on, and ends: with `sse.close` if the client has taken all that was
	 * written, else by cutting it off, so that what is unsent is never sent.
	 */
	revoke(reason: CloseReason): void {
		if (!this.#endOnce()) return;
		// What Node corks in this turn is on its way; what is left behind it, the client does not take.
		setImmediate(() => {
			const response = this.#response;
			if (response === undefined) return;
			if (response.writableLength > 0) return this.cutOff();
			if (this.pending !== undefined) (response as ServerResponse).write(this.pending);
			(response as ServerResponse).end(closeFrame(reason));
			this.#deadline = setTimeout(() => this.destroy(), END_GRACE);
		});
	}

	/** As {@link destroy}, and what the system has buffered for the client goes too where it can. */
	cutOff(): void {
		const connection = this.#connection;
		if (
			connection !== undefined &&
			"resetAndDestroy" in connection &&
			!("encrypted" in connection)
		) {
			connection.resetAndDestroy();
		}
		this.destroy();
	}

	/** Ends the stream at once: what is unsent is dropped, the client sees a broken connection. */
	destroy(): void {
		const response = this.#response;
		if (response === undefined) return;
		this.#endOnce();
		if (isHttp2(response)) {
			response.stream.close(constants.NGHTTP2_CANCEL);
			// The reset alone waits behind what the client does not take.
			response.stream.destroy();
			if (this.#hangsUp) this.#connection?.destroy();
			return;
		}
		response.destroy();
		this.#connection?.destroy();
	}

	/** Takes no more events; whether it did until now. */
	#endOnce(): boolean {
		if (this.#state !== "open") return false;
		this.#state = "ending";
		this.#onEnd(this);
		return true;
	}

	#closed(): void {
		this.#endOnce();
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#response = undefined;
		clearTimeout(this.#deadline);
		clearTimeout(this.#suspicion);
		this.#onClose(this);
	}
}
