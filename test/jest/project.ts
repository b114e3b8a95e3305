import { globSync } from "node:fs";
import module from "node:module";
import { resolve } from "node:path";
import type { Config } from "jest";

type Project = Exclude<NonNullable<Config["projects"]>[number], string>;
type Options = Omit<Project, "testMatch"> & { readonly testMatch?: string[] };

const ROOT = resolve(import.meta.dirname, "../..");

/** A kind of tests, run with the files beside this one. */
export function project(name: string, testTimeout: number, options: Options = {}): Project {
	const { testMatch = [`<rootDir>/test/${name}/**/*.test.ts`] } = options;
	const globs = testMatch.map(pattern => pattern.replace("<rootDir>/", ""));
	// Jest accepts it if any of its projects has a file.
	if (globSync(globs, { cwd: ROOT }).length === 0) {
		throw new Error(`the project "${name}" has no files: ${testMatch} matches none`);
	}
	return {
		displayName: name,
		// for what hangs; what has to be in time checks that itself, because a machine may be slower than any other
		testTimeout,
		runner: "<rootDir>/test/jest/runner.ts",
		testEnvironment: "<rootDir>/test/jest/environment.ts",
		setupFilesAfterEnv: ["<rootDir>/test/jest/setup.ts"],
		globalTeardown: "<rootDir>/test/jest/teardown.ts",
		// Jest has Node.js erase the types, if it can be asked to
		transform:
			"stripTypeScriptTypes" in module ? {} : { "\\.ts$": "<rootDir>/test/jest/strip-types.ts" },
		extensionsToTreatAsEsm: [".ts"],
		moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json", "node"],
		modulePathIgnorePatterns: ["<rootDir>/.tmp/", "<rootDir>/dist/"],
		...options,
		testMatch
	};
}

/** Applies to a run, whichever its projects. */
export const RUN: Config = {
	cacheDirectory: ".tmp/jest-cache",
	reporters: ["default", "<rootDir>/test/jest/late-errors-reporter.ts"],
	waitForUnhandledRejections: true,
	// at most; `test/jest/phases.ts` decides how many there are
	maxWorkers: 4,
	// a worker that holds more than this is replaced: realms of files that have run are not all collected
	workerIdleMemoryLimit: "300MB",
	workerGracefulExitTimeout: 10_000
};
