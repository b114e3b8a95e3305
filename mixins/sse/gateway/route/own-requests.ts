import { isTicketAction, isTicketRequest } from "../tickets/ticket-action.ts";
import type { SseGatewayRequest } from "../types.ts";
import { isStreamAlias } from "./alias.ts";
import { isAppended } from "./route.ts";
import { findAlias, type WebAlias, type WebService } from "./stream-request.ts";

/** Whether a request is for a stream, a ticket or the inspector: the plugin answers for how long it waits. */
export function isOwnRequest(service: WebService, request: SseGatewayRequest): boolean {
	if (isTicketRequest(service, request)) return true;
	const found = findAlias(service, request);
	return !!found && (isStreamAlias(found.alias) || isOwnAlias(service, found.alias));
}

/** Whether an alias that does not stream makes requests wait for functions that the plugin calls. */
export function isOwnAlias(service: WebService, { action, route }: WebAlias): boolean {
	return isAppended(route.opts) || isTicketAction(service, action);
}
