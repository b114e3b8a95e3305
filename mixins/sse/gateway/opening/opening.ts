import type { Subscription } from "../../core/addressing/registry.ts";
import type { CloseReason } from "../../core/event/control-events.ts";
import type { PendingOpen } from "../../core/revocation/pending-opens.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import type { Access } from "../auth/access.ts";
import type { StreamGrant } from "../auth/stream-grant.ts";
import type { Limits, SentAway } from "../limits/limits.ts";
import type { Compression } from "../request/compression.ts";
import type { StreamQuery } from "../request/request.ts";
import type { StreamRefusals } from "../request/stream-refusals.ts";
import type { Shutdown } from "../stop/shutdown.ts";
import type { GatewayOptions, SseGatewayRequest, SseGatewayResponse } from "../types.ts";

/** A request on its way to a stream, and what the steps of its opening have found out so far. */
export class Opening {
	readonly request: SseGatewayRequest;
	readonly response: SseGatewayResponse;
	/** Begun before the request was judged. */
	readonly pendingOpen: PendingOpen;
	/** The event names available at its URL, if the alias has names of its own. */
	readonly ofAlias: readonly string[] | undefined;
	/** What it asks for; set by `readQuery`. */
	query!: StreamQuery;
	/** The `retry:` of its stream, in milliseconds, if there is one; set by `readQuery`. */
	retry: number | undefined;
	/** Who it is for; set by `identify`. */
	grant!: StreamGrant;
	/** Whose events it gets; set by `identify`. */
	subscription!: Subscription;
	/** The stream that must give way to it, if any; set by `admit`. */
	ghost: EventStream | undefined;

	constructor(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		pendingOpen: PendingOpen,
		ofAlias?: readonly string[]
	) {
		this.request = request;
		this.response = response;
		this.pendingOpen = pendingOpen;
		this.ofAlias = ofAlias;
	}
}

/** Why no stream opens although nothing is wrong with the request; what is wrong is thrown. */
export type Ending =
	/** The client has left, or other code has answered it. */
	| { readonly by: "client" }
	/** A HEAD gets only the head. */
	| { readonly by: "method" }
	/** The gateway stops. */
	| { readonly by: "shutdown" }
	| { readonly by: "limit"; readonly sentAway: SentAway }
	| { readonly by: "revocation"; readonly reason: CloseReason };

/** The parts of the gateway that the steps of an opening use. */
export interface OpeningParts {
	readonly options: GatewayOptions;
	readonly access: Access;
	readonly limits: Limits;
	readonly shutdown: Shutdown;
	readonly refusals: StreamRefusals;
	readonly compression: Compression;
	readonly streams: {
		/** Begins the stream of an opening that has passed all steps. */
		begin(opening: Opening): void;
	};
}

/**
 * One step that a request has to pass on its way to a stream.
 *
 * @returns Undefined to continue, or why no stream opens.
 * @throws SseError if the request is refused.
 */
export type OpeningStep = (
	opening: Opening,
	parts: OpeningParts
) => Ending | undefined | Promise<Ending | undefined>;
