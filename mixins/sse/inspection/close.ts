import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import { CLOSE } from "../core/revocation/revocation.ts";
import type { SseSilentNode } from "./gateway-answers.ts";

/** What `$sse.close` takes. */
export interface CloseParams {
	/** A session id, or `"*"` for the streams of all sessions. */
	readonly session: string;
	/** Only streams that listen to it. */
	readonly event?: string | undefined;
	/** What `sse.close` tells the pages; default `revoked`. */
	readonly reason?: string | undefined;
}

/** The answer of `$sse.close`. */
export interface SseClosed {
	/** Streams that there were, and are no longer. */
	readonly closed: number;
	/** Streams that there still are, or are again. */
	readonly left: number;
	/** Nodes with a gateway that did not answer: whether they have closed any is not known. */
	readonly silent: readonly SseSilentNode[];
}

/** How many streams a session has, on all gateways. */
type Count = () => Promise<{ readonly total: number; readonly silent: readonly SseSilentNode[] }>;

/** Looks whether they are closed, and milliseconds between two: a revocation may come later than a question asked after it. */
const LOOKS = 5;
const PAUSE = 100;

/**
 * Revokes a session as any service does, by `sse.close`, and says what came of it.
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
