import type { Subscription } from "../addressing/registry.ts";
import { EVERYONE } from "../addressing/session-id.ts";
import { Queue } from "../collections/queue.ts";
import { ownText } from "../util/own-text.ts";

/** The events of one session id, or of everyone, that have one name: their rows, oldest first. */
export interface EventList {
	readonly sessionId: string;
	readonly eventName: string;
	readonly rows: Queue<number>;
}

/** Bytes of a list, besides its texts and its rows; and bytes of one character of the texts, which may be any. */
const LIST_BYTES = 550;
const CHARACTER_BYTES = 2;

/** Lists by session id and event name. An empty one is deleted, so that there are only as many as events need. */
export class AddressIndex {
	readonly #bySession = new Map<string, Map<string, EventList>>();
	#bytes = 0;

	/** Bytes that they take, without their rows. */
	get bytes(): number {
		return this.#bytes;
	}

	/** The list, created if there is none; the caller must add a row to it. */
	of(sessionId: string, eventName: string): EventList {
		return this.#bySession.get(sessionId)?.get(eventName) ?? this.#begin(sessionId, eventName);
	}

	#begin(sessionId: string, eventName: string): EventList {
		// An event's texts may be parts of larger ones.
		const list: EventList = {
			sessionId: ownText(sessionId),
			eventName: ownText(eventName),
			rows: new Queue()
		};
		const names = this.#bySession.get(sessionId) ?? new Map<string, EventList>();
		this.#bySession.set(list.sessionId, names);
		names.set(list.eventName, list);
		this.#bytes += bytesOf(list);
		return list;
	}

	/** Removes the oldest row from a list. */
	shift(list: EventList): void {
		list.rows.shift();
		if (list.rows.length > 0) return;
		const names = this.#bySession.get(list.sessionId);
		if (names?.delete(list.eventName)) this.#bytes -= bytesOf(list);
		if (names?.size === 0) this.#bySession.delete(list.sessionId);
	}

	clear(): void {
		this.#bySession.clear();
		this.#bytes = 0;
	}

	/** The newest `most` rows of these session ids, each once, the newest first. */
	newestOf(sessionIds: readonly string[], most: number): number[] {
		const newest = new Set<number>();
		for (const id of sessionIds) {
			for (const { rows } of this.#bySession.get(id)?.values() ?? []) {
				for (let index = Math.max(0, rows.length - most); index < rows.length; index++) {
					newest.add(rows.at(index) as number);
				}
			}
		}
		return [...newest].sort((a, b) => b - a).slice(0, most);
	}

	/** The rows for a stream, starting at `from`; no row may be added or removed while they are read. */
	rowsFor({ sessionIds, eventNames }: Subscription, from: number): MergedRows {
		const sources: Source[] = [];
		for (const id of [...sessionIds, EVERYONE]) {
			const names = this.#bySession.get(id);
			if (names === undefined) continue;
			for (const name of eventNames) {
				const rows = names.get(name)?.rows;
				if (rows !== undefined) sources.push({ rows, index: rows.lowerBound(row => row < from) });
			}
		}
		return new MergedRows(sources);
	}
}

/** A list, and how far it has been read. */
interface Source {
	readonly rows: Queue<number>;
	index: number;
}

/** The rows of several lists, oldest first, each once. */
export class MergedRows {
	readonly #sources: readonly Source[];

	constructor(sources: readonly Source[]) {
		this.#sources = sources;
	}

	/** Number of lists: each of them is examined for each row. */
	get width(): number {
		return this.#sources.length;
	}

	/** The next row; undefined after the last. */
	next(): number | undefined {
		let oldest: number | undefined;
		for (const { rows, index } of this.#sources) {
			const row = rows.at(index);
			if (row !== undefined && (oldest === undefined || row < oldest)) oldest = row;
		}
		for (const source of this.#sources) {
			if (source.rows.at(source.index) === oldest) source.index++;
		}
		return oldest;
	}
}

function bytesOf({ sessionId, eventName }: EventList): number {
	return LIST_BYTES + (sessionId.length + eventName.length) * CHARACTER_BYTES;
}
