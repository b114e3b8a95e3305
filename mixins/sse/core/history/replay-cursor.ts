/** How far a replay has come. Opaque. */
export interface ReplayCursor {
	/** Position of the next event to examine. */
	next: number;
	/** The client has seen what its own origin sent up to this position; it may have missed events of others. */
	readonly seen: number;
	readonly seenOrigin: string | undefined;
	/** Events without an id are for live streams: those before this position are not repeated. */
	readonly liveFrom: number;
	/** Position of the next event to arrive when the start of the replay was decided. */
	readonly decidedAt: number;
	/**
	 * The client may have come from another gateway, and is taken to have what was sent until then, on the clock of
	 * `performance.now()`: what this gateway cannot check, because it was not there. Undefined: nothing is taken for granted.
	 */
	readonly claimedUntil?: number;
	/** Whether it is for a client that has come back and has not been counted as such yet. Default false. */
	isUncounted?: boolean;
}

/** Whether the client has an event, or must not get it again. */
export function wasSeen(
	position: number,
	origin: string | undefined,
	{ seen, seenOrigin, liveFrom }: ReplayCursor
): boolean {
	if (origin === undefined) return position < liveFrom;
	return position <= seen && origin === seenOrigin;
}

/**
 * Whether an event of the past was read after the decision; until the past has been read, nothing else has an id.
 *
 * @param lastPast Position of the newest event that was sent before others that had already arrived.
 */
export function hasPassed(
	position: number,
	origin: string | undefined,
	{ decidedAt }: ReplayCursor,
	lastPast: number
): boolean {
	return origin !== undefined && position >= decidedAt && position <= lastPast;
}
