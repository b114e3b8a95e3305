import { OutgoingMessage, type ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Batch } from "./batch.ts";
import {
	type Connection,
	closeConnection,
	connectionOf,
	isHttp2,
	type StreamRequest,
	type StreamResponse
} from "./connection.ts";
import { detach } from "./detach.ts";
import { type Gzip, GzipBody } from "./gzip.ts";

type Socket = NonNullable<ServerResponse["socket"]>;

type Counted = { bytesWritten: number; _handle?: { writeQueueSize?: number } } | undefined;

/** As Node has it: what else stands in its place (compression, say) must see what is written. */
const OWN_WRITE = OutgoingMessage.prototype.write;

/**
 * A stream's way to its client. Over HTTP/1.1 bytes go to the socket itself, in the framing that was
 * made once for all streams; where something stands between response and socket, through the response.
 */
export class Outlet {
	#response: StreamResponse | undefined;
	readonly #connection: Connection | undefined;
	/** Once bytes go to it; null = never. */
	#socket: Socket | null | undefined;
	#drained: (() => void) | undefined;
	readonly #onClose: () => void;

	/** Undefined if the client does not take gzip. */
	readonly #gzip: GzipBody | undefined;

	/** @param onClose Called once, when the response is closed, however that came. */
	constructor(
		request: StreamRequest,
		response: StreamResponse,
		gzip: Gzip | undefined,
		onClose: () => void
	) {
		this.#response = response;
		this.#gzip = gzip && new GzipBody(gzip);
		this.#connection = connectionOf(request, response);
		this.#onClose = onClose;
	}

	/** Begins the response, and to watch it. */
	open(head: (response: StreamResponse) => void): void {
		const response = this.#response as ServerResponse;
		response.once("close", this.#onClose);
		// "close" follows; without a listener the error of a vanished client would be thrown.
		response.on("error", ignore);
		head(response);
		if (this.#gzip !== undefined) response.write(this.#gzip.head);
	}

	/**
	 * Lets go of request and response, if nobody else needs them; to be called when the request's handling
	 * is over.
	 */
	detach(): void {
		const response = this.#response;
		if (response === undefined || !this.#socket) return;
		const isOwn = (listener: unknown) => listener === this.#onClose || listener === ignore;
		const socket = detach(response as ServerResponse, isOwn);
		if (socket === undefined) return;
		this.#response = undefined;
		socket.once("close", this.#onClose);
		socket.once("end", endToo);
		socket.on("error", ignore);
		// What the client may still say is read, and not kept: its end must be noticed.
		socket.resume();
	}

	/** Sends the head although nothing follows at once. */
	flushHead(): void {
		const response = this.#response;
		if (response !== undefined && !isHttp2(response)) response.flushHeaders();
	}

	/** Bytes that were written and have not left the process. */
	get unsent(): number {
		return this.#writable?.writableLength ?? 0;
	}

	/** Whether the client is slower than what was written: it should take that first, see {@link onDrain}. */
	get isBlocked(): boolean {
		const response = this.#response;
		if (this.#socket) return this.#socket.writableNeedDrain;
		if (response === undefined) return false;
		return isHttp2(response) ? response.stream.writableNeedDrain : response.writableNeedDrain;
	}

	/**
	 * A number that changes whenever the client takes something. The system's own buffers are out of
	 * sight: to Node what they hold has been sent.
	 */
	get taken(): number {
		const connection = this.#connection;
		const socket = (
			connection && "socket" in connection ? connection.socket : connection
		) as Counted;
		// What of one large write has not left yet; Node's own idle timeout looks there as well.
		const queued = socket?._handle?.writeQueueSize ?? 0;
		return (socket?.bytesWritten ?? 0) - this.unsent - queued;
	}

	/** @returns False if the client is slower than this: the next write should wait for {@link onDrain}. */
	write(batch: Batch): boolean {
		const response = this.#response;
		if (response === undefined && !this.#socket) return false;
		const bytes = this.#gzip?.add(batch) ?? batch;
		if (this.#socket) return this.#socket.write(bytes.chunked);
		const ready = (response as ServerResponse).write(bytes.plain);
		// The head is out, or on its way.
		if (this.#socket === undefined) this.#socket = socketOf(response as StreamResponse);
		return ready;
	}

	/**
	 * Calls back once when the client has taken what was written; never if the response closes, or this
	 * is called again, before.
	 */
	onDrain(callback: () => void): void {
		this.#forgetDrain();
		this.#drained = callback;
		this.#writable?.once("drain", callback);
	}

	/** Ends the response, and with `hangUp` the connection, which keep-alive would hold. */
	end(hangUp: boolean): void {
		const connection = this.#connection;
		if (this.#response === undefined) {
			// Nothing is there that could take the next request.
			if (this.#gzip !== undefined) this.#socket?.write(this.#gzip.tail.chunked);
			this.#socket?.write(LAST_CHUNK);
			closeConnection(connection);
			return;
		}
		const callback = hangUp ? () => closeConnection(connection) : undefined;
		(this.#response as ServerResponse).end(this.#gzip?.tail.plain, callback);
	}

	/** Drops what the system has buffered for the client, where it can be: not under TLS, or HTTP/2. */
	reset(): void {
		const connection = this.#connection;
		if (connection === undefined || !("resetAndDestroy" in connection)) return;
		if (!("encrypted" in connection)) connection.resetAndDestroy();
	}

	/** Breaks the response off; `hangUp`: the connection of HTTP/2 as well. */
	destroy(hangUp: boolean): void {
		const response = this.#response;
		if (response !== undefined && isHttp2(response)) {
			response.stream.close(constants.NGHTTP2_CANCEL);
			// The reset alone waits behind what the client does not take.
			response.stream.destroy();
			if (hangUp) this.#connection?.destroy();
			return;
		}
		response?.destroy();
		this.#connection?.destroy();
	}

	/** The response has closed: nothing of it is held any longer, nor of this by the connection. */
	release(): void {
		this.#forgetDrain();
		this.#response = undefined;
		this.#socket = null;
	}

	/** What takes the bytes. */
	get #writable(): Socket | StreamResponse | undefined {
		return this.#socket ?? this.#response;
	}

	#forgetDrain(): void {
		if (this.#drained === undefined) return;
		this.#writable?.off("drain", this.#drained);
		this.#drained = undefined;
	}
}

/** RFC 9112, 7.1. */
const LAST_CHUNK = "0\r\n\r\n";

function ignore(): void {}

/** A client that closes its half is gone, as it is to Node's HTTP server. */
function endToo(this: Socket): void {
	this.end();
}

/**
 * The socket of a response that is Node's own down to it, and whose next bytes are the next on the
 * connection; null if bytes can never go past the response, undefined if not yet.
 */
function socketOf(response: StreamResponse): Socket | null | undefined {
	if (isHttp2(response)) return null;
	// Without chunks (HTTP/1.0) the framing that was made is of no use.
	if (response.write !== OWN_WRITE || !response.chunkedEncoding) return null;
	const { socket } = response;
	// None while the response waits behind another of a pipelining client.
	if (socket === null) return undefined;
	// The response's count is that of the socket and of what it holds back itself.
	return response.writableLength === socket.writableLength ? socket : undefined;
}
