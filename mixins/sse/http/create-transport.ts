import { isHttp2, type StreamRequest, type StreamResponse } from "./connection.ts";
import { Http1Transport } from "./http1/http1-transport.ts";
import { Http2Transport } from "./http2/http2-transport.ts";
import type { Transport, TransportOptions } from "./transport.ts";

export function createTransport(
	request: StreamRequest,
	response: StreamResponse,
	options: TransportOptions
): Transport {
	return isHttp2(response)
		? new Http2Transport(request, response, options)
		: new Http1Transport(response, options);
}
