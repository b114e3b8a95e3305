import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";

/**
 * Prints why each skipped test was skipped, and fails the run where a test gives no reason.
 *
 * Tests that a name filter left out, and those behind a failed hook, are nobody's decision.
 */
export class SkipReasons implements Reporter {
	#vitest: Vitest | null = null;

	onInit(vitest: Vitest): void {
		this.#vitest = vitest;
	}

	onTestRunEnd(modules: readonly TestModule[]): void {
		if (this.#vitest?.config.testNamePattern) return;
		for (const module of modules.filter(module => module.ok())) {
			for (const test of module.children.allTests("skipped")) this.#report(test);
		}
	}

	#report(test: TestCase): void {
		const result = test.result();
		const note = result.state === "skipped" ? result.note : undefined;
		console.log(`skipped: ${test.fullName}: ${note ?? "no reason given"}`);
		if (note === undefined) process.exitCode = 1;
	}
}
