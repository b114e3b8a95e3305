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

/** What a list takes, besides its texts and its rows; and a character of the texts, which may be any. */
const LIST_BYTES = 550;
const CHARACTER_BYTES = 2;

/** Lists by session id and event name. One that is empty is gone: there are as many as events need. */
export class AddressIndex {
	readonly #bySession = new Map<string, Map<string, EventList>>();
	#bytes = 0;

	/** Bytes that they take, but for their rows. */
	get bytes(): number {
		return this.#bytes;
	}

	/** The list, made anew if there is none; something has to be added to it. */
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

	/** Takes the oldest row out of a list. */
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

	/** The rows for a stream, from one on; nothing may be added or taken while they are read. */
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

/** A list, as far as it has been read. */
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

	/** Number of lists: each of them is looked at for each row. */
	get width(): number {
		return this.#sources.length;
	}

	/** The next row; undefined behind the last. */
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
