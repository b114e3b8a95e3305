import type { Subscription } from "../addressing/registry.ts";
import { encodeFrame, type Frame } from "../event/frame.ts";
import { Slab } from "../event/slab.ts";
import type { AddressIndex, EventList } from "./address-index.ts";
import type { EventColumns } from "./event-columns.ts";
import type { SortKey } from "./id-order.ts";

/**
 * Most effort of one search, whatever it finds: the client names the position, and so decides how much there is to look
 * through. A row costs as much as examining `ROW_EFFORT` lists.
 */
const MAX_EFFORT = 8192;
const ROW_EFFORT = 8;

/** What to search for. */
export interface Search {
	/** Position of the first event. */
	readonly from: number;
	/** Position after the last event. */
	readonly to: number;
	/** Decides by position and by origin, which is undefined for an event without an id. */
	isWanted(position: number, origin: string | undefined): boolean;
	/** Stops after the frame that reaches this many bytes. */
	readonly maxBytes: number;
}

export interface Found {
	readonly frames: Frame[];
	/** Position of the last event that was examined, if there may be more after it. */
	readonly stoppedAt?: number;
}

/** Finds what is replayed to a stream, a part at a time. */
export class ReplaySearch {
	readonly #columns: EventColumns;
	readonly #lists: AddressIndex;
	readonly #idOf: (sortKey: SortKey) => string;

	/**
	 * @param lists The rows of `columns`, by address.
	 * @param idOf Returns the id of an event from its sort key.
	 */
	constructor(columns: EventColumns, lists: AddressIndex, idOf: (sortKey: SortKey) => string) {
		this.#columns = columns;
		this.#lists = lists;
		this.#idOf = idOf;
	}

	/** Frames for a stream, oldest first: as many as it takes about a millisecond to find. */
	find(stream: Subscription, { from, to, isWanted, maxBytes }: Search): Found {
		const columns = this.#columns;
		const frames: Frame[] = [];
		let bytes = 0;
		const slab = new Slab();
		const rows = this.#lists.rowsFor(
			stream,
			columns.lowerBound(row => columns.positionOf(row) < from)
		);
		const effort = ROW_EFFORT + rows.width;
		let left = MAX_EFFORT;
		for (let row = rows.next(); row !== undefined; row = rows.next()) {
			const position = columns.positionOf(row);
			if (position >= to) break;
			if (isWanted(position, columns.originOf(row)?.name)) {
				const frame = columns.isBare(row) ? this.#frameOf(row, slab) : columns.keptOf(row);
				frames.push(frame);
				bytes += frame.byteLength;
			}
			left -= effort;
			if (bytes >= maxBytes || left <= 0) return { frames, stoppedAt: position };
		}
		return { frames };
	}

	#frameOf(row: number, slab: Slab): Frame {
		const sortKey = this.#columns.sortKeyOf(row);
		const [list] = this.#columns.listsOf(row);
		return encodeFrame(
			{
				id: sortKey && this.#idOf(sortKey),
				event: (list as EventList).eventName,
				data: this.#columns.keptOf(row)
			},
			slab
		);
	}
}
