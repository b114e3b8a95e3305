/**
 * The id of an event on a RabbitMQ stream: the offset of its message, when the message was sent, and the event's index in it.
 * The same on every gateway, with one order for all.
 */
export interface RabbitmqId {
	/** Of the message, given by RabbitMQ; rises, not always by one. */
	readonly offset: number;
	/**
	 * Milliseconds since 1970, given by the sender; 0 if it gave none. A RabbitMQ stream that was deleted and created again has
	 * the same offsets, and other times.
	 */
	readonly timestamp: number;
	/** From 0. */
	readonly index: number;
}

/** Digits of the largest index, and of the largest number that is exact. */
const INDEX_DIGITS = 6;
const MOST_DIGITS = 16;
const ZERO = "0".charCodeAt(0);

/** `<offset>-<timestamp>`, followed by `-<index>` for every event of a message but the first. */
export function writeRabbitmqId({ offset, timestamp, index }: RabbitmqId): string {
	return index === 0 ? `${offset}-${timestamp}` : `${offset}-${timestamp}-${index}`;
}

/** The ids of a message's events; what they have in common is written once. */
export function writeRabbitmqIds(message: Omit<RabbitmqId, "index">, events: number): string[] {
	const first = writeRabbitmqId({ ...message, index: 0 });
	return Array.from({ length: events }, (_, index) => (index === 0 ? first : `${first}-${index}`));
}

/** Parses an id; undefined if it is not one, because ids come back from clients, which may send anything. */
export function parseRabbitmqId(text: string): RabbitmqId | undefined {
	const first = text.indexOf("-");
	const second = text.indexOf("-", first + 1);
	const end = second < 0 ? text.length : second;
	const offset = wholeNumber(text, 0, first);
	const timestamp = wholeNumber(text, first + 1, end);
	if (first < 0 || offset === undefined || timestamp === undefined) return undefined;
	if (second < 0) return { offset, timestamp, index: 0 };
	const isShort = text.length - second - 1 <= INDEX_DIGITS;
	const index = isShort ? wholeNumber(text, second + 1, text.length) : undefined;
	// A message's first event has no index.
	return index === undefined || index === 0 ? undefined : { offset, timestamp, index };
}

/** Parses decimal digits without leading zeros. By hand, because this runs for every event's id. */
function wholeNumber(text: string, from: number, to: number): number | undefined {
	const digits = to - from;
	if (digits < 1 || digits > MOST_DIGITS) return undefined;
	if (digits > 1 && text.charCodeAt(from) === ZERO) return undefined;
	let number = 0;
	for (let at = from; at < to; at++) {
		const digit = text.charCodeAt(at) - ZERO;
		if (digit < 0 || digit > 9) return undefined;
		number = number * 10 + digit;
	}
	return Number.isSafeInteger(number) ? number : undefined;
}
