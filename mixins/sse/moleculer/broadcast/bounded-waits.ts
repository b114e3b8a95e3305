/**
 * Waits for promises, and gives each up after `milliseconds`, or up to half as much again. One timer serves all of them, and
 * runs only while there are any.
 */
export class BoundedWaits {
	readonly #half: number;
	/** Callbacks of pending waits, by the half in which the wait began: the last three halves, newest first. */
	#halves: Set<() => void>[] = [new Set()];
	#timer: NodeJS.Timeout | undefined;

	constructor(milliseconds: number) {
		this.#half = milliseconds / 2;
	}

	/** The promise, or undefined if it takes too long; its later outcome is then ignored. */
	wait<T>(promise: Promise<T>): Promise<T | undefined> {
		const begun = this.#halves[0] as Set<() => void>;
		this.#timer ??= setInterval(() => this.#turn(), this.#half).unref();
		return new Promise((resolve, reject) => {
			const giveUp = (): void => resolve(undefined);
			begun.add(giveUp);
			promise.then(
				value => {
					begun.delete(giveUp);
					resolve(value);
				},
				error => {
					begun.delete(giveUp);
					reject(error);
				}
			);
		});
	}

	#turn(): void {
		const [overdue] = this.#halves.splice(2);
		for (const giveUp of overdue ?? []) giveUp();
		if (this.#halves.some(({ size }) => size > 0)) {
			this.#halves.unshift(new Set());
			return;
		}
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#halves = [new Set()];
	}
}
