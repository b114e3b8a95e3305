import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { CLOSE } from "../core/revocation/revocation.ts";
import type { SseSilentNode } from "./gateway-answers.ts";

/** The parameters of `$sse.close`. */
export interface CloseParams {
	/** A session id, or `"*"` for the streams of all sessions. */
	readonly session: string;
	/** Only streams that listen to this event name. */
	readonly event?: string | undefined;
	/** The reason that `sse.close` gives to the pages; default `revoked`. */
	readonly reason?: string | undefined;
}

/** The answer of `$sse.close`. */
export interface SseClosed {
	/** Number of streams before, less those that are left. */
	readonly closed: number;
	/** Number of streams that are still open, or open again. */
	readonly left: number;
	/** Nodes with a gateway that did not answer; whether they closed any streams is not known. */
	readonly silent: readonly SseSilentNode[];
}

/** Counts the streams of a session on all gateways. */
type Count = () => Promise<{ readonly total: number; readonly silent: readonly SseSilentNode[] }>;

/**
 * How often streams are counted after the revocation, and milliseconds between two counts: a revocation may arrive later than a
 * question asked after it.
 */
const LOOKS = 5;
const PAUSE = 100;

/**
 * Revokes a session by `sse.close`, as any service does, and reports the result.
 *
 * @throws SseError `SSE_INVALID_CLOSE`, or what the bus rejects with.
 */
export async function closeStreams(
	broker: ServiceBroker,
	{ session, event, reason }: CloseParams,
	count: Count
): Promise<SseClosed> {
	const before = await count();
	const close = {
		sessionId: session,
		...(event !== undefined && { eventName: event }),
		...(reason !== undefined && { reason })
	};
	await broker.broadcast(CLOSE, close, { throwError: true } as object);
	let after = await count();
	for (let look = 1; look < LOOKS && after.total > 0; look++) {
		await sleep(PAUSE);
		after = await count();
	}
	return {
		closed: Math.max(0, before.total - after.total),
		left: after.total,
		silent: after.silent
	};
}
