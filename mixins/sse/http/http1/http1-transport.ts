import type { ServerResponse } from "node:http";
import { LAST_CHUNK } from "../../core/event/chunk.ts";
import type { Batch } from "../encoding/batch.ts";
import type { GzipBody } from "../encoding/gzip-body.ts";
import { writeHead } from "../head.ts";
import { hasOwnWrite, isUnwatched, writeTo } from "../onlookers.ts";
import { dropBody } from "../request-body.ts";
import { breakOff, closeWhenSent, letIdle, takenOf } from "../socket.ts";
import type { LetGo, Transport, TransportOptions } from "../transport.ts";
import { hasBrokenOff, watchBreak } from "./broken-connections.ts";
import { endWithClient, watchEnd } from "./client-end.ts";
import { directSocketOf } from "./direct-socket.ts";
import { detach, isDetachable, type Socket } from "./node-detach.ts";
import { keepReading, leaveReading, onTurn } from "./node-read-on.ts";
import { standIn } from "./stand-in.ts";

/**
 * A stream that has an HTTP/1.1 connection to itself, until both end. Its bytes go to the socket, in the framing that was made
 * once for all streams; if something stands between response and socket, they go through the response.
 */
export class Http1Transport implements Transport {
	/** Undefined once it is detached or released. */
	#response: ServerResponse | undefined;
	/** The request's socket: a response has none while it waits behind another one of a pipelining client. */
	readonly #connection: Socket;
	/** Set once bytes go to it; null = never. */
	#socket: Socket | null | undefined;
	/** Whether it was ended through the response: Node ends the connection, and must find everything in its place. */
	#isEnding = false;
	#hasFailed = false;
	#drained: (() => void) | undefined;
	/** Set if it was to settle while its socket was undecided. */
	#letGo: LetGo | undefined;
	readonly #gzip: GzipBody | undefined;
	readonly #onClose: () => void;
	readonly #onError: (error: unknown) => void;

	constructor(response: ServerResponse, { gzip, onClose, onError }: TransportOptions) {
		this.#response = response;
		this.#gzip = gzip;
		this.#connection = response.req.socket;
		this.#onClose = onClose;
		this.#onError = onError;
		watchEnd(this.#connection, onClose);
		keepReading(this.#connection, response);
	}

	open(): void {
		const response = this.#response;
		if (response === undefined) return;
		try {
			this.#begin(response);
		} catch (error) {
			this.fail(error);
		}
	}

	#begin(response: ServerResponse): void {
		const { req: request } = response;
		// A server's idle timeout (moleculer-web's httpServerTimeout) would end a silent stream.
		letIdle(request.socket);
		// "close" follows; without a listener, the error of a client that has left would be thrown.
		response.on("error", ignore);
		watchBreak(request.socket);
		dropBody(request);
		writeHead(response);
		if (this.#gzip !== undefined) response.write(this.#gzip.head);
	}

	settle(letGo: LetGo): void {
		const response = this.#response;
		if (response === undefined || this.#isEnding) return;
		try {
			this.#settle(response, letGo);
		} catch (error) {
			this.fail(error);
		}
	}

	#settle(response: ServerResponse, letGo: LetGo): void {
		const { req: request } = response;
		if (!request.complete && !request.destroyed) {
			// Not at once: the parser that is to be released is still running when the request ends.
			request.once("end", () => setImmediate(() => this.settle(letGo)));
			return;
		}
		if (!isUnwatched(request, response, isOwn)) return;
		letGo(request, response);
		// Undecided while the response waits for its turn, its client for the head, or the stream for how it starts.
		if (this.#socket === undefined) this.#letGo = letGo;
		else if (this.#socket && isDetachable(response, this.#socket))
			this.#detach(response, this.#socket);
	}

	#detach(response: ServerResponse, socket: Socket): void {
		leaveReading(socket);
		detach(response, socket);
		this.#response = undefined;
		endWithClient(socket);
		// What the client still sends is read and dropped, so that its end is noticed.
		socket.resume();
		standIn(response, socket, () => this.end());
	}

	flushHead(): void {
		try {
			this.#response?.flushHeaders();
		} catch (error) {
			this.fail(error);
		}
	}

	get unsent(): number {
		return this.#writable?.writableLength ?? 0;
	}

	get hasUnsent(): boolean {
		return this.unsent > 0 || this.#hasFailed || hasBrokenOff(this.#connection);
	}

	get isBlocked(): boolean {
		return this.#writable?.writableNeedDrain ?? false;
	}

	get taken(): number {
		return takenOf(this.#connection, this.unsent);
	}

	get tells(): boolean {
		return !!this.#socket || (this.#response !== undefined && hasOwnWrite(this.#response));
	}

	write(batch: Batch, onWritten?: (error?: Error | null) => void): void {
		try {
			const socket = this.#socket;
			if (socket) {
				socket.write((this.#gzip?.add(batch) ?? batch).chunked, onWritten);
				return;
			}
			const response = this.#response;
			if (response === undefined) return;
			writeTo(response, (this.#gzip?.add(batch) ?? batch).plain, onWritten);
			// The head is sent, or on its way.
			if (socket !== undefined) return;
			this.#socket = directSocketOf(response);
			const letGo = this.#letGo;
			// Not at once: Node may still be passing on what was written.
			if (this.#socket && letGo !== undefined) setImmediate(() => this.settle(letGo));
		} catch (error) {
			this.fail(error);
		}
	}

	onDrain(callback: () => void): void {
		this.#forgetDrain();
		this.#drained = callback;
		this.#writable?.once("drain", callback);
	}

	end(): void {
		this.#isEnding = true;
		try {
			if (this.#response === undefined) this.#endSocket();
			else this.#endResponse(this.#response);
		} catch (error) {
			this.fail(error);
		}
	}

	#endSocket(): void {
		// Nothing is left that could handle the next request.
		if (this.#gzip !== undefined) this.#socket?.write(this.#gzip.tail.chunked);
		this.#socket?.write(LAST_CHUNK);
		closeWhenSent(this.#connection);
	}

	/** Node closes the connection afterwards, as the head has said. No callback: code that wraps `end` expects none. */
	#endResponse(response: ServerResponse): void {
		if (this.#gzip !== undefined) response.end(this.#gzip.tail.plain);
		else response.end();
	}

	reset(): void {
		breakOff(this.#connection);
	}

	destroy(): void {
		try {
			this.#response?.destroy();
		} catch (error) {
			this.#hasFailed = true;
			this.#connection.destroy();
			this.#onError(error);
		}
		this.#connection.destroy();
	}

	get hasFailed(): boolean {
		return this.#hasFailed;
	}

	fail(error: unknown): void {
		this.#hasFailed = true;
		this.destroy();
		this.#onError(error);
	}

	release(): void {
		this.#forgetDrain();
		this.#connection.off("close", this.#onClose);
		this.#response = undefined;
		this.#socket = null;
	}

	/** Takes the bytes. */
	get #writable(): Socket | ServerResponse | undefined {
		return this.#socket ?? this.#response;
	}

	#forgetDrain(): void {
		if (this.#drained === undefined) return;
		this.#writable?.off("drain", this.#drained);
		this.#drained = undefined;
	}
}

function ignore(): void {}

function isOwn(listener: unknown): boolean {
	return listener === ignore || listener === onTurn;
}
