/** Why an event was not written. */
export type UnwrittenReason =
	/** It waited and was dropped to make room. */
	| { readonly kind: "dropped" }
	/** It waited, and the event at position `by`, with the same key, replaced it. */
	| { readonly kind: "conflated"; readonly by: number }
	/** It was to be replayed, but was no longer kept by then. */
	| { readonly kind: "expired" }
	/** There were too many such events to remember. */
	| { readonly kind: "forgotten" };

interface Range {
	readonly from: number;
	to: number;
	readonly reason: UnwrittenReason;
}

/** Number of ranges that are remembered for a stream. */
const MAX = 64;

/** The events that were for a stream but were never written to it, by their positions in the history. Bounded. */
export class UnwrittenEvents {
	/** In the order in which they were noted. */
	readonly #ranges: Range[] = [];
	/** Spans the ranges that are no longer remembered. */
	#forgotten: Range | undefined;
	/** The current range of drops: consecutive drops form one range. */
	#drops: Range | undefined;

	/** Notes that the oldest waiting event was dropped. @param position 0 = it was not an event. */
	drop(position: number): void {
		if (position === 0) return;
		if (this.#drops === undefined) {
			this.#drops = { from: position, to: position, reason: { kind: "dropped" } };
			this.#add(this.#drops);
		} else {
			this.#drops.to = position;
		}
	}

	/** Ends a range of drops: waiting frames are written now. */
	endDrops(): void {
		this.#drops = undefined;
	}

	/** Notes that an event was replaced. @param position 0 = it was not an event. @param by Position of the one that replaced it. */
	conflate(position: number, by: number): void {
		if (position === 0) return;
		this.#add({ from: position, to: position, reason: { kind: "conflated", by } });
	}

	/** Notes events that were to be replayed but are no longer kept. @param to Position after the last one. */
	expire(from: number, to: number): void {
		if (from < to) this.#add({ from, to: to - 1, reason: { kind: "expired" } });
	}

	/** Why the event at a position was not written; undefined if it is not among these. */
	find(position: number): UnwrittenReason | undefined {
		const holding = this.#ranges.filter(({ from, to }) => from <= position && position <= to);
		// A range of drops may include events that had been replaced before.
		const own = holding.find(({ reason }) => reason.kind === "conflated") ?? holding[0];
		if (own !== undefined) return own.reason;
		const { from, to, reason } = this.#forgotten ?? { from: 0, to: 0, reason: undefined };
		return from <= position && position <= to ? reason : undefined;
	}

	#add(range: Range): void {
		this.#ranges.push(range);
		if (this.#ranges.length <= MAX) return;
		const { from, to } = this.#ranges.shift() as Range;
		this.#forgotten = {
			from: Math.min(from, this.#forgotten?.from ?? from),
			to: Math.max(to, this.#forgotten?.to ?? to),
			reason: { kind: "forgotten" }
		};
	}
}
