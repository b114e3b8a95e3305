import { createIdSource, type IdSource } from "../../../core/event/event-id.ts";
import type { Counted } from "../position-report.ts";

/** Most sequences for groups in one life of a node; events for more sets of groups get no ids. */
const MAX_SEQUENCES = 64;

/** One sequence, and its recipients. */
export interface Sequence {
	/** Moleculer's groups, which are names of services; undefined = all listeners. */
	readonly groups: readonly string[] | undefined;
	readonly ids: IdSource;
	/** What it counts; undefined = events. */
	readonly of: Counted | undefined;
	/** `performance.now()` at which its last event was sent; -Infinity before the first. */
	sentAt: number;
}

/** Whether a sequence is that of the events that go to all. */
export function isMain({ groups, of }: Sequence): boolean {
	return groups === undefined && of === undefined;
}

/**
 * The sequences of one life of a node. What is sent only to some groups of gateways has a sequence of its own: in a shared one
 * its numbers would be missing on all other gateways.
 */
export class Sequences {
	readonly #origin: string;
	readonly #life: string;
	readonly #of: Counted | undefined;
	readonly #byGroups = new Map<string, Sequence>();
	readonly #main: Sequence;

	/**
	 * @param origin The node's id.
	 * @param life From {@link newEpoch}.
	 * @param of What they count; default: events.
	 */
	constructor(origin: string, life: string, of?: Counted) {
		this.#origin = origin;
		this.#life = life;
		this.#of = of;
		this.#main = this.#begin(life, undefined);
	}

	/** The sequence for these groups; undefined if there are too many. */
	of(groups: readonly string[] | undefined): Sequence | undefined {
		if (groups === undefined || groups.length === 0) return this.#main;
		const names = [...new Set(groups)].sort();
		const key = JSON.stringify(names);
		let sequence = this.#byGroups.get(key);
		if (sequence === undefined) {
			const { size } = this.#byGroups;
			if (size >= MAX_SEQUENCES) return undefined;
			sequence = this.#begin(this.#life + size.toString(36), names);
			this.#byGroups.set(key, sequence);
		}
		return sequence;
	}

	*[Symbol.iterator](): Generator<Sequence> {
		yield this.#main;
		yield* this.#byGroups.values();
	}

	#begin(epoch: string, groups: readonly string[] | undefined): Sequence {
		const ids = createIdSource(this.#origin, epoch);
		return { groups, ids, of: this.#of, sentAt: Number.NEGATIVE_INFINITY };
	}
}
