/** Where a replay stands. Opaque. */
export interface ReplayCursor {
	/** Position of the next event to look at. */
	next: number;
	/** Up to here what the client's own origin sent has been seen; others' may have been missed. */
	readonly seen: number;
	readonly seenOrigin: string | undefined;
	/** Events without an id are for live streams: older ones are not repeated. */
	readonly liveFrom: number;
	/** Position of the next event to come when it was decided. */
	readonly decidedAt: number;
}

/** Whether the client has an event, or is not to have it again. */
export function wasSeen(
	position: number,
	origin: string | undefined,
	{ seen, seenOrigin, liveFrom }: ReplayCursor
): boolean {
	if (origin === undefined) return position < liveFrom;
	return position <= seen && origin === seenOrigin;
}

/**
 * Whether an event was read of the past behind the decision; until the past is read, nothing else has an id.
 *
 * @param lastPast Position of the newest event that was sent before what had come already.
 */
export function hasPassed(
	position: number,
	origin: string | undefined,
	{ decidedAt }: ReplayCursor,
	lastPast: number
): boolean {
	return origin !== undefined && position >= decidedAt && position <= lastPast;
}
