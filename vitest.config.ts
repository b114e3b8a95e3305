import { defineConfig, type ViteUserConfig } from "vitest/config";
import { SkipReasons } from "./test/support/skip-reasons.ts";

const MINUTE = 60_000;

/** Where the results go: a run within a run, on another Node.js, has a file of its own. */
const REPORT = process.env.TEST_REPORT ?? ".tmp/vitest-report.json";

const config: ViteUserConfig = defineConfig({
	test: {
		pool: "forks",
		maxWorkers: 2,
		// the leak tests collect garbage themselves
		execArgv: ["--expose-gc"],
		testTimeout: MINUTE / 2,
		hookTimeout: MINUTE,
		teardownTimeout: MINUTE / 2,
		reporters: ["default", ["json", { outputFile: REPORT }], new SkipReasons()],
		projects: [
			{ test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
			{ test: { name: "integration", include: ["test/integration/**/*.test.ts"] } },
			{
				test: {
					name: "fuzz",
					include: ["test/fuzz/**/*.test.ts"],
					// a part of a minute by default, an hour if it is told to
					testTimeout: process.env.FUZZ ? 60 * MINUTE : MINUTE
				}
			},
			{
				test: {
					name: "types",
					include: [],
					typecheck: { enabled: true, only: true, include: ["test/types/**/*.test-d.ts"] }
				}
			},
			{
				test: {
					name: "e2e",
					include: ["test/e2e/**/*.test.ts"],
					// what they share is the machine: its broker, its browser and its two cores
					fileParallelism: false,
					sequence: { groupOrder: 1 },
					globalSetup: "test/support/e2e.setup.ts"
				}
			},
			{
				test: {
					name: "node",
					include: ["test/node/**/*.test.ts"],
					// it runs Vitest, on a Node.js that may have to be installed first; what fails there takes its time
					testTimeout: 8 * MINUTE,
					sequence: { groupOrder: 2 }
				}
			},
			{
				test: {
					name: "chaos",
					include: ["test/chaos/**/*.test.ts"],
					fileParallelism: false,
					testTimeout: 3 * MINUTE,
					hookTimeout: 2 * MINUTE,
					sequence: { groupOrder: 3 },
					globalSetup: "test/support/programs.setup.ts"
				}
			},
			{
				test: {
					name: "transporters",
					include: ["test/transporters/**/*.test.ts"],
					testTimeout: 2 * MINUTE,
					sequence: { groupOrder: 6 }
				}
			},
			{
				test: {
					name: "guard",
					include: ["test/guard/**/*.test.ts"],
					testTimeout: 2 * MINUTE,
					// alone on the machine, or the rest of the tests would be measured
					sequence: { groupOrder: 5 }
				}
			},
			{
				test: {
					name: "package",
					include: ["test/package/**/*.test.ts"],
					fileParallelism: false,
					testTimeout: 3 * MINUTE,
					hookTimeout: 3 * MINUTE,
					sequence: { groupOrder: 4 }
				}
			}
		]
	}
});

export default config;
