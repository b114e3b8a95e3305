import { relative } from "node:path";
import jestRunner, { type Test, type TestRunnerOptions, type TestWatcher } from "jest-runner";
import { plan } from "./phases.ts";

// its types are those of its CommonJS
const TestRunner = jestRunner as unknown as typeof jestRunner.default;

/** Runs the phases one after the other, each on as many workers as suit it. */
export default class PhasedRunner extends TestRunner {
	override async runTests(
		tests: Test[],
		watcher: TestWatcher,
		options: TestRunnerOptions
	): Promise<void> {
		const most = this._globalConfig.maxWorkers;
		for (const { files, workers } of plan(tests.map(planned))) {
			if (files.length === 0) continue;
			Object.assign(this, {
				_globalConfig: { ...this._globalConfig, maxWorkers: Math.min(workers, most) }
			});
			await super.runTests(
				files.map(({ test }) => test),
				watcher,
				options
			);
		}
	}
}

function planned(test: Test) {
	const { displayName, rootDir } = test.context.config;
	return { test, project: displayName?.name ?? "", file: relative(rootDir, test.path) };
}
