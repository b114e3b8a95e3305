import { resolve } from "node:path";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";
import { SkipReasons } from "./test/support/skip-reasons.ts";

const MINUTE = 60_000;

/** Where the results go: a run within a run, on another Node.js, has a file of its own. */
const REPORT = process.env.TEST_REPORT ?? ".tmp/vitest-report.json";

// Half of what a process takes to start is compiling, and a run starts hundreds: workers, nodes, programs. They inherit this.
process.env.NODE_COMPILE_CACHE ??= resolve(".tmp/compile-cache");

/**
 * Files of tests that run beside each other, for two cores: what computes and waits in turn, and what waits most of its
 * time, for processes of its own. What is started for one file shares nothing with the others but the machine, and the
 * RabbitMQ of `e2e`, where namespaces keep them apart.
 */
const COMPUTING = { maxWorkers: 2, sequence: { groupOrder: 0 } };
const WAITING = { maxWorkers: 4, sequence: { groupOrder: 1 } };
/** Nothing else runs meanwhile, or the rest of the tests would be measured. */
const ALONE = { maxWorkers: 1, sequence: { groupOrder: 2 } };

const config: ViteUserConfig = defineConfig({
	test: {
		pool: "forks",
		sequence: { sequencer: LongestFirst },
		// the leak tests collect garbage themselves
		execArgv: ["--expose-gc"],
		// for what hangs; what has to be in time says so itself, as a machine may be slower than any other
		testTimeout: MINUTE,
		hookTimeout: 3 * MINUTE,
		teardownTimeout: MINUTE / 2,
		reporters: ["default", ["json", { outputFile: REPORT }], new SkipReasons()],
		projects: [
			{ test: { ...COMPUTING, name: "unit", include: ["test/unit/**/*.test.ts"] } },
			{
				test: {
					...COMPUTING,
					name: "integration",
					include: ["test/integration/**/*.test.ts"]
				}
			},
			{
				test: {
					...COMPUTING,
					name: "fuzz",
					include: ["test/fuzz/**/*.test.ts"],
					// a part of a minute by default, an hour if it is told to
					testTimeout: process.env.FUZZ ? 60 * MINUTE : 3 * MINUTE
				}
			},
			{
				test: {
					...COMPUTING,
					name: "types",
					include: [],
					typecheck: { enabled: true, only: true, include: ["test/types/**/*.test-d.ts"] }
				}
			},
			{
				test: {
					...WAITING,
					name: "e2e",
					include: ["test/e2e/**/*.test.ts"],
					globalSetup: "test/support/e2e.setup.ts"
				}
			},
			{
				test: {
					...WAITING,
					name: "node",
					include: ["test/node/**/*.test.ts"],
					// it runs Vitest, on a Node.js that may have to be installed first; what fails there takes its time
					testTimeout: 8 * MINUTE
				}
			},
			{
				test: {
					...WAITING,
					name: "chaos",
					include: ["test/chaos/**/*.test.ts"],
					testTimeout: 3 * MINUTE,
					globalSetup: "test/support/programs.setup.ts"
				}
			},
			{
				test: {
					...WAITING,
					name: "transporters",
					include: ["test/transporters/**/*.test.ts"],
					testTimeout: 2 * MINUTE
				}
			},
			{
				test: {
					...ALONE,
					name: "guard",
					include: ["test/guard/**/*.test.ts"],
					testTimeout: 2 * MINUTE
				}
			},
			{
				test: {
					...WAITING,
					name: "package",
					include: ["test/package/**/*.test.ts"],
					globalSetup: "test/package/tarball.setup.ts",
					testTimeout: 3 * MINUTE
				}
			}
		]
	}
});

export default config;
