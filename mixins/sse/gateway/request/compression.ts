import type { GatewayCounters } from "../../core/metrics/counters.ts";
import {
	COMPRESSION_THRESHOLD,
	type CompressionOptions
} from "../../core/options/compression-options.ts";
import { Gzip } from "../../http/encoding/gzip.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import { acceptsGzip } from "./request.ts";

const ACCEPT_ENCODING = "Accept-Encoding";

/** Decides whether, and how, streams are compressed. */
export class Compression {
	readonly #gzip: Gzip | undefined;

	constructor(options: CompressionOptions | null, counters?: GatewayCounters) {
		if (options === null) return;
		this.#gzip = new Gzip(options.threshold ?? COMPRESSION_THRESHOLD, counters);
	}

	/** Announces in the head of a stream whether it is compressed. @returns Undefined if it is not. */
	negotiate(request: SseGatewayRequest, response: SseGatewayResponse): Gzip | undefined {
		if (this.#gzip === undefined) return undefined;
		varyByEncoding(response);
		if (!acceptsGzip(request)) return undefined;
		response.setHeader("Content-Encoding", "gzip");
		return this.#gzip;
	}
}

interface Varying {
	getHeader(name: string): unknown;
	setHeader(name: string, value: string): unknown;
}

/** Says that the answer depends on `Accept-Encoding`, beside what it depends on already. */
export function varyByEncoding(response: Varying): void {
	const vary = response.getHeader("Vary");
	response.setHeader("Vary", vary === undefined ? ACCEPT_ENCODING : `${vary}, ${ACCEPT_ENCODING}`);
}
