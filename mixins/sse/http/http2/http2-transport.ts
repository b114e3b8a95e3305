import type { Http2ServerResponse, ServerHttp2Session } from "node:http2";
import { cancel, type StreamRequest } from "../connection.ts";
import type { Batch } from "../encoding/batch.ts";
import type { GzipBody } from "../encoding/gzip-body.ts";
import { writeHead } from "../head.ts";
import { hasOwnWrite, isUnwatched, writeTo } from "../onlookers.ts";
import { type Socket, takenOf } from "../socket.ts";
import type { LetGo, Transport, TransportOptions } from "../transport.ts";
import { keepAwake, letSleep } from "./session-timeout.ts";

type Http2Stream = Http2ServerResponse["stream"];

/** A stream that ends with its HTTP/2 stream; the HTTP/2 session carries others. */
export class Http2Transport implements Transport {
	#request: StreamRequest | undefined;
	#response: Http2ServerResponse | undefined;
	/** Kept here, because the response loses it when it closes. */
	readonly #stream: Http2Stream;
	readonly #session: ServerHttp2Session | undefined;
	readonly #gzip: GzipBody | undefined;
	readonly #onClose: () => void;
	readonly #onError: (error: unknown) => void;
	#hasFailed = false;
	#drained: (() => void) | undefined;
	/** Whether it keeps the session's idle timeout off. */
	#isAwake = false;

	constructor(
		request: StreamRequest,
		response: Http2ServerResponse,
		{ gzip, onClose, onError }: TransportOptions
	) {
		this.#request = request;
		this.#response = response;
		this.#gzip = gzip;
		this.#stream = response.stream;
		this.#session = response.stream.session as ServerHttp2Session | undefined;
		this.#onClose = onClose;
		this.#onError = onError;
		this.#stream.on("close", onClose);
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

	#begin(response: Http2ServerResponse): void {
		// A server's idle timeout (moleculer-web's httpServerTimeout) would end a silent stream.
		this.#request?.setTimeout(0);
		if (this.#session !== undefined) keepAwake(this.#session);
		this.#isAwake = true;
		// "close" follows; without a listener, the error of a client that has left would be thrown.
		response.on("error", ignore);
		// See `dropBody`, which does this for HTTP/1.1.
		const hasBody = !this.#stream.endAfterHeaders;
		if (hasBody && this.#request?.readableFlowing === null) this.#request.resume();
		writeHead(response);
		if (this.#gzip !== undefined) response.write(this.#gzip.head);
	}

	settle(letGo: LetGo): void {
		const request = this.#request;
		const response = this.#response;
		this.#request = undefined;
		if (request === undefined || response === undefined) return;
		try {
			if (isUnwatched(request, response, isOwn)) letGo(request, response);
		} catch (error) {
			this.fail(error);
		}
	}

	/** HTTP/2 has sent the head already. */
	flushHead(): void {}

	get unsent(): number {
		return this.#response?.writableLength ?? 0;
	}

	get hasUnsent(): boolean {
		return this.unsent > 0 || this.#hasFailed;
	}

	get isBlocked(): boolean {
		return this.#response !== undefined && this.#stream.writableNeedDrain;
	}

	get taken(): number {
		const session = this.#session;
		// Node throws if a session has lost its socket.
		if (session === undefined || session.destroyed) return 0;
		try {
			return takenOf(session.socket as Socket, this.unsent);
		} catch {
			return 0;
		}
	}

	get tells(): boolean {
		return this.#response !== undefined && hasOwnWrite(this.#response);
	}

	write(batch: Batch, onWritten?: (error?: Error | null) => void): void {
		const response = this.#response;
		if (response === undefined) return;
		try {
			writeTo(response, (this.#gzip?.add(batch) ?? batch).plain, onWritten);
		} catch (error) {
			this.fail(error);
		}
	}

	onDrain(callback: () => void): void {
		this.#forgetDrain();
		this.#drained = callback;
		this.#response?.once("drain", callback);
	}

	/** The session carries other requests; a gateway that stops closes it, see {@link Http2Sessions}. */
	end(): void {
		const response = this.#response;
		try {
			if (this.#gzip !== undefined) response?.end(this.#gzip.tail.plain);
			else response?.end();
		} catch (error) {
			this.fail(error);
		}
	}

	reset(): void {}

	destroy(): void {
		cancel(this.#stream);
	}

	release(): void {
		this.#forgetDrain();
		if (this.#isAwake && this.#session !== undefined) letSleep(this.#session);
		this.#isAwake = false;
		this.#stream.off("close", this.#onClose);
		this.#request = undefined;
		this.#response = undefined;
	}

	get hasFailed(): boolean {
		return this.#hasFailed;
	}

	fail(error: unknown): void {
		this.#hasFailed = true;
		this.destroy();
		this.#onError(error);
	}

	#forgetDrain(): void {
		if (this.#drained !== undefined) this.#response?.off("drain", this.#drained);
		this.#drained = undefined;
	}
}

function ignore(): void {}

function isOwn(listener: unknown): boolean {
	return listener === ignore;
}
