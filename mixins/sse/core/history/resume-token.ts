/**
 * A stream's position, as control events give it to its client: the id of the newest event that the gateway had seen, which
 * every gateway knows, and how far the gateway itself was, which is exact on that gateway only.
 */
export interface ResumeToken {
	/** Empty before the first event. */
	readonly eventId: string;
	/** One life of one gateway. */
	readonly gateway: string;
	/** How many arrivals that gateway had counted. */
	readonly position: number;
	/** Nothing had reached the gateway for so long that no other gateway can have seen anything earlier. */
	readonly settled: boolean;
}

const PLACE = /^(.*)~([^~]+)~(0|[1-9][0-9]{0,14})(~s)?$/;

/** To the client it is an id like any other. */
export function writeResumeToken({ eventId, gateway, position, settled }: ResumeToken): string {
	return `${eventId}~${gateway.replaceAll("~", "%7E")}~${position}${settled ? "~s" : ""}`;
}

/** The resume token that a client came back with; undefined if its id is not one. */
export function readResumeToken(text: string): ResumeToken | undefined {
	const [, eventId, gateway, position, settled] = PLACE.exec(text) ?? [];
	if (eventId === undefined || gateway === undefined) return undefined;
	return { eventId, gateway, position: Number(position), settled: settled !== undefined };
}
