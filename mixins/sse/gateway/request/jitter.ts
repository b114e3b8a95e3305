import type { OwnCloseReason } from "../../core/event/control-events.ts";
import type { GatewaySettings } from "../../core/options/gateway-options.ts";

/** Largest share of `timeout` by which streams outlive it. */
const LIFE_JITTER = 0.1;

/** A stream's `retry:`, drawn from the range; undefined if there is none. */
export function drawRetry(range: GatewaySettings["retry"]): number | undefined {
	if (range === null) return undefined;
	const [min, max] = range;
	return min + Math.floor(Math.random() * (max - min + 1));
}

/**
 * When a stream ends, as `performance.now()`, and for what reason. It lives its own life, and never longer than its session.
 * The session's end is returned too, because the steady clock may stand still meanwhile.
 */
export function drawEnd(
	timeout: number,
	sessionEnd: number
): { expiresAt: number; endsBy: OwnCloseReason; sessionEnd: number } {
	const now = performance.now();
	const life =
		timeout === 0 ? Number.POSITIVE_INFINITY : timeout * (1 + Math.random() * LIFE_JITTER);
	const left = sessionEnd - Date.now();
	return left <= life
		? { expiresAt: now + left, endsBy: "expired", sessionEnd }
		: { expiresAt: now + life, endsBy: "timeout", sessionEnd };
}
