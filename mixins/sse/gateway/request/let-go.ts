import type { LetGo } from "../../http/transport.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** Removes what the request's handling needed and a stream does not: kept, it would cost 2 KB per stream. */
export const letGo: LetGo = (request: SseGatewayRequest, response: SseGatewayResponse): void => {
	request.$ctx = undefined;
	response.$ctx = undefined;
	request.$params = undefined;
	// Express makes `query` a getter, on which an assignment would throw.
	Reflect.set(request, "query", undefined);
};
