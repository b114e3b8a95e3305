import { endForGood, noteInRun } from "./late-errors.ts";

/**
 * The time in which a test file is imported. Jest has no limit for it: a top-level await that waits in vain holds up the run for
 * ever, and nothing says which file it is in.
 */
export class Imports {
	readonly #timer: NodeJS.Timeout;

	/** @param limit milliseconds after which the file fails, and its process ends with it: nothing ends an import */
	constructor(limit: number) {
		this.#timer = setTimeout(() => {
			const seconds = limit / 1000;
			noteInRun(`is still being imported after ${seconds} s: does a top-level await wait in vain?`);
			endForGood();
		}, limit).unref();
	}

	end(): void {
		clearTimeout(this.#timer);
	}
}
