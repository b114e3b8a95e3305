/**
 * Waits for promises, and for none longer than `milliseconds` and half as much again. One timer serves all of them, and only
 * while some are waited for.
 */
export class BoundedWaits {
	readonly #half: number;
	/** Ends that are waited for, by the half in which the waiting has begun: the last three, the newest first. */
	#halves: Set<() => void>[] = [new Set()];
	#timer: NodeJS.Timeout | undefined;

	constructor(milliseconds: number) {
		this.#half = milliseconds / 2;
	}

	/** The promise; undefined in its place if that takes too long, and what becomes of it is nobody's business then. */
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
