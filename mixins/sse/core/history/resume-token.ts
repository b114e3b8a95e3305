/**
 * Where a stream is, as the gateway's own events tell its client: the id of the newest event that the
 * gateway had seen, which every gateway knows, and how far the gateway itself was, which is exact on that
 * gateway alone.
 */
export interface ResumeToken {
	/** Empty before any event. */
	readonly eventId: string;
	/** One life of one gateway. */
	readonly gateway: string;
	/** Of what had reached that gateway. */
	readonly position: number;
	/** Nothing had reached the gateway for so long that no other can have seen anything earlier. */
	readonly settled: boolean;
}

const PLACE = /^(.*)~([^~]+)~(0|[1-9][0-9]{0,14})(~s)?$/;

/** To the client an id like any other. */
export function writeResumeToken({ eventId, gateway, position, settled }: ResumeToken): string {
	return `${eventId}~${gateway.replaceAll("~", "%7E")}~${position}${settled ? "~s" : ""}`;
}

/** The resume token that a client came back with, or undefined if what it came with is none. */
export function readResumeToken(text: string): ResumeToken | undefined {
	const [, eventId, gateway, position, settled] = PLACE.exec(text) ?? [];
	if (eventId === undefined || gateway === undefined) return undefined;
	return { eventId, gateway, position: Number(position), settled: settled !== undefined };
}
