import jestRunner, { type Test, type TestRunnerOptions, type TestWatcher } from "jest-runner";

// its types are those of its CommonJS
const TestRunner = jestRunner as unknown as typeof jestRunner.default;

/** Projects whose files run beside each other. */
interface Phase {
	/** Those whose files take longest come first: a file that begins last is waited for by workers that have nothing to do. */
	readonly projects: readonly string[];
	/** Files at a time, on two cores. */
	readonly workers: number;
}

/**
 * What computes and waits in turn, and then what waits most of its time, for processes of its own. What is started for one
 * file shares nothing with the others but the machine, and the RabbitMQ of `e2e`, where namespaces keep them apart.
 */
const PHASES: readonly Phase[] = [
	{ projects: ["unit", "types", "integration", "fuzz"], workers: 3 },
	{ projects: ["node", "chaos", "e2e", "package", "transporters"], workers: 4 },
	// nothing else runs meanwhile, or the rest of the tests would be measured
	{ projects: ["guard"], workers: 1 }
];

/** Runs the phases one after the other, each on as many workers as suit it. */
export default class PhasedRunner extends TestRunner {
	override async runTests(
		tests: Test[],
		watcher: TestWatcher,
		options: TestRunnerOptions
	): Promise<void> {
		const known = PHASES.flatMap(({ projects }) => projects);
		for (const name of new Set(tests.map(nameOf))) {
			if (!known.includes(name)) {
				throw new Error(
					`the project "${name}" is in no phase of test/jest/runner.ts: add it to one`
				);
			}
		}
		const most = this._globalConfig.maxWorkers;
		for (const { projects, workers } of PHASES) {
			const rank = (test: Test) => projects.indexOf(nameOf(test));
			const some = tests.filter(test => rank(test) !== -1).sort((a, b) => rank(a) - rank(b));
			if (some.length === 0) continue;
			Object.assign(this, {
				_globalConfig: { ...this._globalConfig, maxWorkers: Math.min(workers, most) }
			});
			await super.runTests(some, watcher, options);
		}
	}
}

function nameOf({ context }: Test): string {
	return context.config.displayName?.name ?? "";
}
