type Step = () => Promise<void>;

const steps: Step[] = [];

/** For setups: what has to happen when the last test has run. */
export function onRunFinished(step: Step): void {
	steps.push(step);
}

/** Once per run, whichever its projects. */
export default async function teardown(): Promise<void> {
	for (const step of steps.splice(0)) await step();
}
