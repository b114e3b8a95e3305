/**
 * Most milliseconds for which a stop waits for the rest of a start: a server that begins to listen takes far less, and supervisors
 * kill what takes ten seconds.
 */
const PATIENCE = 2000;

/** One start; a service may be stopped, and started again. */
interface Attempt {
	isGivenUp: boolean;
}

/**
 * The start of a service, which a stop may interrupt. What is started after the stop would never be stopped, so the stop waits for
 * it; but a hook of the application may never return, as one that waits for a service that does not exist.
 */
export class Starting {
	#attempt: Attempt = { isGivenUp: false };
	#done: Promise<void> = Promise.resolve();

	/**
	 * Runs everything that the start consists of, one after the other.
	 *
	 * @param undo Called if a step that a stop has given up is done after all.
	 * @returns Never settles in that case: Moleculer would announce the service.
	 * @throws What a step throws.
	 */
	run(steps: readonly (() => unknown)[], undo: () => void): Promise<void> {
		const attempt: Attempt = { isGivenUp: false };
		this.#attempt = attempt;
		const running = runAll(steps, attempt, undo);
		this.#done = running.catch(() => {});
		return running;
	}

	/** Waits until the start is over. @returns False if it is given up now. */
	async settle(): Promise<boolean> {
		const attempt = this.#attempt;
		if (attempt.isGivenUp) return true;
		const { promise: late, resolve } = Promise.withResolvers<void>();
		const timer = setTimeout(() => {
			attempt.isGivenUp = true;
			resolve();
		}, PATIENCE);
		await Promise.race([this.#done, late]);
		clearTimeout(timer);
		return !attempt.isGivenUp;
	}
}

async function runAll(
	steps: readonly (() => unknown)[],
	attempt: Attempt,
	undo: () => void
): Promise<void> {
	for (const step of steps) {
		await step();
		if (!attempt.isGivenUp) continue;
		undo();
		await new Promise<never>(() => {});
	}
}
