import { SequenceState } from "./sequence-state.ts";

/** Former lives of an origin that are remembered. */
const MAX_FORMER = 8;
const NONE: readonly never[] = [];

/** One process of a node, as a sender: its sequences, most often one; and those before it. */
export class SenderLife<T> {
	readonly name: string;
	sequences: readonly SequenceState<T>[] = NONE;
	/** Longest time that it has said to have lived, in milliseconds. */
	up = 0;
	/** It is over, and it was told that not all of it may have come. */
	isTold = false;
	/** Lives of this node that are over, as far as they are remembered. */
	#former: readonly SenderLife<T>[] = NONE;

	/** @param name As of `lifeOf`. */
	constructor(name: string) {
		this.name = name;
	}

	/** Its sequence of that epoch. */
	sequence(origin: string, epoch: string): SequenceState<T> {
		let sequence = this.find(epoch);
		if (sequence === undefined) {
			sequence = new SequenceState(origin, epoch);
			// An array that is pushed to takes room for many.
			this.sequences = [...this.sequences, sequence];
		}
		return sequence;
	}

	/** The same, if it has begun. */
	find(epoch: string): SequenceState<T> | undefined {
		return this.sequences.find(sequence => sequence.epoch === epoch);
	}

	/** Whether it has said that it ends. */
	get hasEnded(): boolean {
		return this.sequences.every(sequence => sequence.end !== undefined);
	}

	/** Whether it has said where it ends, and all of that has come. */
	get isComplete(): boolean {
		return this.sequences.every(sequence => sequence.isComplete);
	}

	/** Whether it was told as over at an earlier moment, and has said nothing since. */
	wasGivenUpBefore(moment: number): boolean {
		return this.sequences.some(({ givenUpAt }) => givenUpAt !== undefined && givenUpAt < moment);
	}

	/** Whether it has said where it is, in each sequence, since this gateway may have been away. */
	get isFresh(): boolean {
		return this.sequences.every(sequence => !sequence.isStale);
	}

	/** A life of this node that is over, if it is remembered. */
	former(name: string): SenderLife<T> | undefined {
		return this.#former.find(life => life.name === name);
	}

	/** Takes the place of the life that its node has led so far. */
	follow(life: SenderLife<T>): void {
		this.#former = life.#former.filter(former => former !== this);
		life.#former = NONE;
		this.remember(life);
	}

	/** Remembers a life of this node that is over. */
	remember(life: SenderLife<T>): void {
		this.#former = [...this.#former, life].slice(-MAX_FORMER);
	}
}
