type Step = () => unknown;

/** Steps that end the running test; null while none runs. */
let steps: Step[] | null = null;

/**
 * Runs a step when the running test has ended, whichever way, after its hooks; the last step first.
 *
 * Throws outside a test: hooks of a whole file have `afterAll`, and Jest runs no hooks for `it.concurrent`.
 */
export function onTestFinished(step: Step): void {
	if (steps === null) throw new Error("onTestFinished: no test is running; use afterAll instead");
	steps.push(step);
}

/** Before anything of a test. */
export function beginTest(): void {
	steps = [];
}

/** Runs every step, even if one fails; rejects with the first failure. */
export async function finishTest(): Promise<void> {
	const own = steps ?? [];
	const failures: unknown[] = [];
	// a step may add another
	for (let step = own.pop(); step !== undefined; step = own.pop()) {
		try {
			await step();
		} catch (error) {
			failures.push(error);
		}
	}
	if (steps === own) steps = null;
	if (failures.length > 0) throw failures[0];
}
