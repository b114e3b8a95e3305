/**
 * The id of an event on a RabbitMQ stream: where the stream keeps its message, when that was sent, and
 * the how manieth event of the message it is. The same on every gateway, and in one order for all.
 */
export interface StreamId {
	/** Of the message, given by RabbitMQ; rises, and not always by one. */
	readonly offset: number;
	/**
	 * Milliseconds since 1970, given by the sender; 0 if it gave none. A stream that was deleted and made
	 * anew has the same offsets again, and other times.
	 */
	readonly timestamp: number;
	/** From 0. */
	readonly index: number;
}

const ID = /^(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})(?:-([1-9][0-9]{0,5}))?$/;

/** `<offset>-<timestamp>`, followed by `-<index>` for all but the first event of a message. */
export function writeStreamId({ offset, timestamp, index }: StreamId): string {
	return index === 0 ? `${offset}-${timestamp}` : `${offset}-${timestamp}-${index}`;
}

/** An id taken apart, or undefined if it is none: ids come back from clients, who may send anything. */
export function parseStreamId(text: string): StreamId | undefined {
	const [, offset, timestamp, index = "0"] = ID.exec(text) ?? [];
	if (offset === undefined || timestamp === undefined) return undefined;
	const id = { offset: Number(offset), timestamp: Number(timestamp), index: Number(index) };
	return Number.isSafeInteger(id.offset) && Number.isSafeInteger(id.timestamp) ? id : undefined;
}

/** Negative if `a` comes first on the stream, positive if `b` does. */
export function compareStreamIds(a: StreamId, b: StreamId): number {
	return a.offset - b.offset || a.index - b.index;
}
