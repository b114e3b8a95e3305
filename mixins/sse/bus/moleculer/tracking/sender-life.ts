import { SequenceState } from "./sequence-state.ts";

/** Most former lives of an origin that are remembered. */
const MAX_FORMER = 8;
const NONE: readonly never[] = [];

/** One process of a node as a sender: its sequences, usually one, and the lives before it. */
export class SenderLife<T> {
	readonly name: string;
	sequences: readonly SequenceState<T>[] = NONE;
	/** Longest lifetime that it has reported, in milliseconds. */
	up = 0;
	/** It is over, and it was reported that some of it may be missing. */
	isTold = false;
	/** Lives of this node that are over, as far as they are remembered. */
	#former: readonly SenderLife<T>[] = NONE;

	/** @param name From `lifeOf`. */
	constructor(name: string) {
		this.name = name;
	}

	/** Its sequence of that epoch, begun if need be. */
	sequence(origin: string, epoch: string): SequenceState<T> {
		let sequence = this.find(epoch);
		if (sequence === undefined) {
			sequence = new SequenceState(origin, epoch);
			// An array that is pushed to reserves room for many.
			this.sequences = [...this.sequences, sequence];
		}
		return sequence;
	}

	/** Its sequence of that epoch, if it has begun. */
	find(epoch: string): SequenceState<T> | undefined {
		return this.sequences.find(sequence => sequence.epoch === epoch);
	}

	/** Whether it has reported its end. */
	get hasEnded(): boolean {
		return this.sequences.every(sequence => sequence.end !== undefined);
	}

	/** Whether it has reported its end, and everything before that has arrived. */
	get isComplete(): boolean {
		return this.sequences.every(sequence => sequence.isComplete);
	}

	/** Whether it was given up before `moment`, and has reported nothing since. */
	wasGivenUpBefore(moment: number): boolean {
		return this.sequences.some(({ givenUpAt }) => givenUpAt !== undefined && givenUpAt < moment);
	}

	/** Whether it has reported its position, in each sequence, since this gateway may have been away. */
	get isFresh(): boolean {
		return this.sequences.every(sequence => !sequence.isStale);
	}

	/** A life of this node that is over, if it is remembered. */
	former(name: string): SenderLife<T> | undefined {
		return this.#former.find(life => life.name === name);
	}

	/** Replaces the life that its node has led so far. */
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
