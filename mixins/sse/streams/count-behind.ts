import type { EventStream } from "./event-stream.ts";

/** Counts the streams whose clients have not taken everything, and the bytes that these have not taken. */
export function countBehind(streams: Iterable<EventStream>): { behind: number; unsent: number } {
	let behind = 0;
	let unsent = 0;
	for (const stream of streams) {
		if (!stream.isBehind) continue;
		behind++;
		unsent += stream.unsent;
	}
	return { behind, unsent };
}
