import type { SseEvent } from "./event.ts";
import { EventLists } from "./event-lists.ts";
import type { Frame } from "./frame.ts";
import type { Rank } from "./order.ts";
import { Origins } from "./origins.ts";
import type { Subscription } from "./registry.ts";
import { Ring } from "./ring.ts";

/** Where an event stands. */
export interface Known {
	/** Among everything that had a place on this gateway. */
	readonly position: number;
	/** When it arrived. */
	readonly at: number;
	/** Undefined for an event without an id. */
	readonly rank: Rank | undefined;
}

/**
 * What an event costs besides its frame, and besides in each list that it stands in; and what a list costs.
 * Measured on Node 24; within a tenth of what is held, whether sessions have many events or one each.
 */
const ENTRY_BYTES = 82;
const LISTED_BYTES = 32;
const LIST_BYTES = 550;

/** The events that are kept, in the order of their positions, and what finds them: by id, and by stream. */
export class KeptEvents {
	readonly #ring = new Ring();
	readonly #lists = new EventLists();
	readonly #origins = new Origins(row => this.#ring.rankOf(row) as Rank);
	#bytes = 0;

	get length(): number {
		return this.#ring.length;
	}

	/** Bytes that they take, the book-keeping included. */
	get bytes(): number {
		return this.#bytes + this.#lists.size * LIST_BYTES;
	}

	/** When the oldest arrived; Infinity without any. */
	get oldestAt(): number {
		return this.#ring.length === 0 ? Number.POSITIVE_INFINITY : this.#ring.timeOf(this.#ring.first);
	}

	/** Undefined without any. */
	get oldest(): Known | undefined {
		return this.#ring.length === 0 ? undefined : this.#at(this.#ring.first);
	}

	append({ sessionId, eventName }: SseEvent, frame: Frame, { position, at, rank }: Known): void {
		const origin = rank && this.#origins.of(rank.origin);
		const lists = addresses(sessionId).map(id => this.#lists.of(id, eventName));
		const row = this.#ring.push({ position, at, rank, origin, lists, frame });
		for (const { rows } of lists) rows.push(row);
		if (origin !== undefined && rank !== undefined) this.#origins.add(origin, row, rank);
		this.#bytes += bytesOf(frame.byteLength, lists.length);
	}

	/** Lets go of the oldest, and says where it stood. */
	shift(): Known {
		const ring = this.#ring;
		const row = ring.first;
		const oldest = this.#at(row);
		const lists = ring.listsOf(row);
		const origin = ring.originOf(row);
		this.#bytes -= bytesOf(ring.sizeOf(row), lists.length);
		// The oldest of all is the oldest of each of its lists.
		for (const list of lists) this.#lists.shift(list);
		if (origin !== undefined) this.#origins.shift(origin, row);
		ring.shift();
		return oldest;
	}

	/** Lets go of all. */
	clear(): void {
		this.#ring.clear();
		this.#lists.clear();
		this.#origins.clear();
		this.#bytes = 0;
	}

	find(rank: Rank): Known | undefined {
		const row = this.#origins.find(rank);
		return row === undefined ? undefined : this.#at(row);
	}

	/** The first that arrived then or later. */
	firstSince(at: number): Known | undefined {
		const row = this.#ring.lowerBound(row => this.#ring.timeOf(row) < at);
		return row < this.#ring.end ? this.#at(row) : undefined;
	}

	/**
	 * Frames for a stream, oldest first.
	 *
	 * @param from Position of the first.
	 * @param isWanted By position, and by origin, which is undefined for an event without an id.
	 * @param maxBytes Stops after the frame that reaches it.
	 * @returns The frames, and the position of the last of them if it has stopped.
	 */
	read(
		stream: Subscription,
		from: number,
		isWanted: (position: number, origin: string | undefined) => boolean,
		maxBytes: number
	): { frames: Frame[]; stoppedAt?: number } {
		const ring = this.#ring;
		const frames: Frame[] = [];
		let bytes = 0;
		const first = ring.lowerBound(row => ring.positionOf(row) < from);
		for (const row of this.#lists.rowsFor(stream, first)) {
			const position = ring.positionOf(row);
			if (!isWanted(position, ring.originOf(row)?.name)) continue;
			frames.push(ring.frameOf(row));
			bytes += ring.sizeOf(row);
			if (bytes >= maxBytes) return { frames, stoppedAt: position };
		}
		return { frames };
	}

	#at(row: number): Known {
		const ring = this.#ring;
		return { position: ring.positionOf(row), at: ring.timeOf(row), rank: ring.rankOf(row) };
	}
}

/** Ids without repetition: an event stands in each of its lists once. */
function addresses(sessionId: string | readonly string[]): readonly string[] {
	return typeof sessionId === "string" ? [sessionId] : [...new Set(sessionId)];
}

function bytesOf(frame: number, lists: number): number {
	return frame + ENTRY_BYTES + lists * LISTED_BYTES;
}
