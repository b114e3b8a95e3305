import { Lane } from "./lane.ts";

/** Former lives of an origin that are remembered. */
const MAX_FORMER = 8;
const NONE: readonly never[] = [];

/** One process of a node, as a sender: its sequences, most often one; and those before it. */
export class Life<T> {
	readonly name: string;
	lanes: readonly Lane<T>[] = NONE;
	/** Longest time that it has said to have lived, in milliseconds. */
	up = 0;
	/** It is over, and it was told that not all of it may have come. */
	isTold = false;
	/** Lives of this node that are over, as far as they are remembered. */
	#former: readonly Life<T>[] = NONE;

	/** @param name As of `lifeOf`. */
	constructor(name: string) {
		this.name = name;
	}

	/** Its sequence of that epoch. */
	lane(origin: string, epoch: string): Lane<T> {
		let lane = this.find(epoch);
		if (lane === undefined) {
			lane = new Lane(origin, epoch);
			// An array that is pushed to takes room for many.
			this.lanes = [...this.lanes, lane];
		}
		return lane;
	}

	/** The same, if it has begun. */
	find(epoch: string): Lane<T> | undefined {
		return this.lanes.find(lane => lane.epoch === epoch);
	}

	/** Whether it has said that it ends. */
	get hasEnded(): boolean {
		return this.lanes.every(lane => lane.end !== undefined);
	}

	/** Whether it has said where it ends, and all of that has come. */
	get isComplete(): boolean {
		return this.lanes.every(lane => lane.isComplete);
	}

	/** Whether it was told as over at an earlier moment, and has said nothing since. */
	wasGivenUpBefore(moment: number): boolean {
		return this.lanes.some(({ givenUpAt }) => givenUpAt !== undefined && givenUpAt < moment);
	}

	/** Whether it has said where it is, in each sequence, since this gateway may have been away. */
	get isFresh(): boolean {
		return this.lanes.every(lane => !lane.isStale);
	}

	/** A life of this node that is over, if it is remembered. */
	former(name: string): Life<T> | undefined {
		return this.#former.find(life => life.name === name);
	}

	/** Takes the place of the life that its node has led so far. */
	follow(life: Life<T>): void {
		this.#former = life.#former.filter(former => former !== this);
		life.#former = NONE;
		this.remember(life);
	}

	/** Remembers a life of this node that is over. */
	remember(life: Life<T>): void {
		this.#former = [...this.#former, life].slice(-MAX_FORMER);
	}
}
