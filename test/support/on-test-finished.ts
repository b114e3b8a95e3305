type Step = () => unknown;

let steps: Step[] = [];

/** Lets something happen when the running test has ended, whichever way, after its hooks; what came last happens first. */
export function onTestFinished(step: Step): void {
	steps.push(step);
}

/** Takes every step, also if one fails; rejects with what failed first. */
export async function finishTest(): Promise<void> {
	const failures: unknown[] = [];
	for (const step of steps.reverse()) {
		try {
			await step();
		} catch (error) {
			failures.push(error);
		}
	}
	steps = [];
	if (failures.length > 0) throw failures[0];
}
