import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import vm from "node:vm";
import type { Config } from "jest";
import { project, RUN } from "./test/jest/project.ts";

const MINUTE = 60_000;

if (!("SourceTextModule" in vm)) {
	throw new Error(
		"Jest needs flags of Node.js to run ES modules: `npm test -- <options of Jest>` gives them"
	);
}

// Half of what a process takes to start is compiling, and a run starts hundreds: workers, nodes, programs. They inherit this.
process.env.NODE_COMPILE_CACHE ??= resolve(".tmp/compile-cache");
// Jest does not create the folder of its report.
mkdirSync(".tmp", { recursive: true });

const config: Config = {
	...RUN,
	projects: [
		// some of them do something a million times
		project("unit", 3 * MINUTE),
		project("integration", MINUTE),
		// a part of a minute by default, an hour if it is told to
		project("fuzz", process.env.FUZZ ? 60 * MINUTE : 3 * MINUTE),
		project("types", MINUTE, {
			testMatch: ["<rootDir>/test/types/**/*.test-d.ts"],
			globalSetup: "<rootDir>/test/support/types.setup.ts"
		}),
		project("e2e", MINUTE, { globalSetup: "<rootDir>/test/support/e2e.setup.ts" }),
		// it runs Jest, on a Node.js that may have to be installed first; what fails there takes its time
		project("node", 8 * MINUTE),
		// every fault once: four minutes that a whole run has no room for
		...(process.env.CHAOS
			? [
					project("chaos", 3 * MINUTE, {
						globalSetup: "<rootDir>/test/support/programs.setup.ts"
					})
				]
			: []),
		project("transporters", 2 * MINUTE),
		project("package", 3 * MINUTE, { globalSetup: "<rootDir>/test/package/tarball.setup.ts" }),
		project("guard", 2 * MINUTE)
	]
};

export default config;
