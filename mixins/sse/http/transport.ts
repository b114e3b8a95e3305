import type { StreamRequest, StreamResponse } from "./connection.ts";
import type { Batch } from "./encoding/batch.ts";
import type { GzipBody } from "./encoding/gzip-body.ts";

/**
 * A stream's path to its client. It lives as long as the connection (HTTP/1.1) or the HTTP/2 stream, which it watches from its
 * first moment: Node's response may never get a socket, or be ended by other code.
 *
 * None of its methods throws: an application's own `write`, `end` or `writeHead` may fail, and is called from timers and
 * listeners. Such a failure is reported, and the connection destroyed.
 */
export interface Transport {
	/** Bytes that were written and have not left the process. */
	readonly unsent: number;
	/**
	 * Whether bytes that were written have not left the process; also after the client broke the connection off, or a write has
	 * thrown.
	 */
	readonly hasUnsent: boolean;
	/** Whether the client is slower than what was written, and should take that first, see {@link onDrain}. */
	readonly isBlocked: boolean;
	/**
	 * A number that changes whenever the client takes something. The system's own buffers cannot be seen: to Node, what they
	 * hold has been sent.
	 */
	readonly taken: number;
	/** Writes the head. */
	open(): void;
	/** Sends the head even if nothing follows at once. */
	flushHead(): void;
	/** Whether a write reports when it has left the process: Node's own does; one that replaces it may not. */
	readonly tells: boolean;
	/**
	 * Writes a batch. The return value of a replaced `write` means nothing: see {@link isBlocked}.
	 *
	 * @param onWritten Called when the batch has left the process, if the transport {@link tells}; or with an error if it never
	 * will.
	 */
	write(batch: Batch, onWritten?: (error?: Error | null) => void): void;
	/**
	 * Calls back once when the client has taken what was written, if the transport {@link isBlocked} now; never if it closes
	 * first, or if this is called again.
	 */
	onDrain(callback: () => void): void;
	/**
	 * Releases what only the beginning of a stream needs, unless other code observes it. Call this when the request has been
	 * handled, and while the stream is open.
	 */
	settle(letGo: LetGo): void;
	/** Ends the response, and the connection if it is HTTP/1.1. */
	end(): void;
	/** Drops what the system has buffered for the client, where possible: not with HTTP/2. */
	reset(): void;
	/** Breaks off the response, and the connection if it is HTTP/1.1. */
	destroy(): void;
	/** Something between the stream and its client has thrown: first breaks the response off, then reports the error. */
	fail(error: unknown): void;
	/** Whether something between the stream and its client has thrown. */
	readonly hasFailed: boolean;
	/** It has closed: releases request and response, and its listener on the connection. */
	release(): void;
}

/** Removes what their handling has put on request and response. */
export type LetGo = (request: StreamRequest, response: StreamResponse) => void;

export interface TransportOptions {
	/** Undefined if the client does not accept gzip. */
	readonly gzip: GzipBody | undefined;
	/** Called once, when the connection (HTTP/2: the stream on it) has closed, for whatever reason. */
	readonly onClose: () => void;
	/** Something between the stream and its client has thrown. */
	readonly onError: (error: unknown) => void;
}
