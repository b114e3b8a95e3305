import module from "node:module";
import type { Config } from "jest";

type Project = Exclude<NonNullable<Config["projects"]>[number], string>;

/** A kind of tests, run by what stands beside this file. */
export function project(name: string, testTimeout: number, options: Project = {}): Project {
	return {
		displayName: name,
		testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
		// for what hangs; what has to be in time says so itself, as a machine may be slower than any other
		testTimeout,
		runner: "<rootDir>/test/jest/runner.ts",
		testEnvironment: "<rootDir>/test/jest/environment.ts",
		setupFilesAfterEnv: ["<rootDir>/test/jest/setup.ts"],
		globalTeardown: "<rootDir>/test/jest/teardown.ts",
		// Jest has Node.js erase the types, where it can be asked to
		transform:
			"stripTypeScriptTypes" in module ? {} : { "\\.ts$": "<rootDir>/test/jest/strip-types.ts" },
		extensionsToTreatAsEsm: [".ts"],
		moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json", "node"],
		modulePathIgnorePatterns: ["<rootDir>/.tmp/", "<rootDir>/dist/"],
		...options
	};
}

/** What holds for a run, whichever its projects. */
export const RUN: Config = {
	cacheDirectory: ".tmp/jest-cache",
	waitForUnhandledRejections: true,
	// at most; `test/jest/runner.ts` says how many there are
	maxWorkers: 4,
	// a worker that holds more than this is replaced: realms of files that have run are not all collected
	workerIdleMemoryLimit: "300MB",
	workerGracefulExitTimeout: 10_000
};
