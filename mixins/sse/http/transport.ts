import type { StreamRequest, StreamResponse } from "./connection.ts";
import type { Batch } from "./encoding/batch.ts";
import type { GzipBody } from "./encoding/gzip-body.ts";

/**
 * A stream's way to its client. What it lives as long as is the connection (HTTP/1.1) or the HTTP/2 stream, which
 * it watches from its first moment: Node's response may never get a socket, or be ended by somebody else.
 *
 * None of its methods throws: an application's own `write`, `end` or `writeHead` may fail, and is called from timers
 * and listeners. Such a failure is reported, and the connection destroyed.
 */
export interface Transport {
	/** Bytes that were written and have not left the process. */
	readonly unsent: number;
	/** Whether the client is slower than what was written: it should take that first, see {@link onDrain}. */
	readonly isBlocked: boolean;
	/**
	 * A number that changes whenever the client takes something. The system's own buffers are out of
	 * sight: to Node what they hold has been sent.
	 */
	readonly taken: number;
	/** Writes the head. */
	open(): void;
	/** Sends the head although nothing follows at once. */
	flushHead(): void;
	/** Whether a write tells when it is gone: Node's own does, and nobody knows what one does that stands in its place. */
	readonly tells: boolean;
	/**
	 * Writes a batch. What a `write` in place of Node's answers says nothing: see {@link isBlocked}.
	 *
	 * @param onWritten Called when it has left the process, if the transport {@link tells}; or with an error if it never
	 * will.
	 */
	write(batch: Batch, onWritten?: (error?: Error | null) => void): void;
	/**
	 * Calls back once when the client has taken what was written, if the transport {@link isBlocked} now; never if it
	 * closes, or this is called again, before.
	 */
	onDrain(callback: () => void): void;
	/**
	 * Lets go of what only a stream's beginning needs, unless somebody else looks at it; to be called when the
	 * request's handling is over, and while the stream is open.
	 */
	settle(letGo: LetGo): void;
	/** Ends the response, and with it the connection of HTTP/1.1. */
	end(): void;
	/** Drops what the system has buffered for the client, where it can be: not under TLS, or HTTP/2. */
	reset(): void;
	/** Breaks the response off, and with it the connection of HTTP/1.1. */
	destroy(): void;
	/** Something between the stream and its client has thrown: breaks it off first, and reports that then. */
	fail(error: unknown): void;
	/** It has closed: nothing of request and response is held any longer, nor of this by the connection. */
	release(): void;
}

/** Takes from request and response what their handling has put there. */
export type LetGo = (request: StreamRequest, response: StreamResponse) => void;

export interface TransportOptions {
	/** Undefined if the client does not take gzip. */
	readonly gzip: GzipBody | undefined;
	/** Called once, when the connection (HTTP/2: the stream on it) is closed, however that came. */
	readonly onClose: () => void;
	/** Something between the stream and its client has thrown. */
	readonly onError: (error: unknown) => void;
}
