import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { spawnProcess } from "../support/processes/process.ts";
import { bringNode, folderOf } from "./releases.ts";

/** Like `npm test`, plus what older releases need. */
const JEST = [
	...["--experimental-vm-modules", "--expose-gc", "--no-flush-bytecode"],
	...["--experimental-strip-types", "--disable-warning=ExperimentalWarning"],
	"node_modules/jest/bin/jest.js"
];

/** The result of a suite. */
export interface SuiteResult {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	/** Test files that have run. */
	readonly files: number;
	/** Full names of the failed tests, and the paths of files that failed without one. */
	readonly failures: readonly string[];
	/** How Jest ended: `code 0`. */
	readonly end: string;
	/** What it printed. */
	readonly output: string;
}

/** The part that is read of Jest's JSON report. */
interface Report {
	numPassedTests: number;
	numFailedTests: number;
	numPendingTests: number;
	testResults: {
		name: string;
		status: "passed" | "failed" | "focused" | "skipped";
		assertionResults: { fullName: string; status: string }[];
	}[];
}

export interface Suite {
	/** Of jest.config.ts. */
	readonly projects: readonly string[];
	/** Paths of test files, or parts of them. */
	readonly filters: readonly string[];
	/** Whether its files run one after the other, because other tests run at the same time. */
	readonly oneAtATime?: boolean;
	/** Ends it; default: nothing does. */
	readonly signal?: AbortSignal;
}

/** Runs a suite on a release of Node.js, which is installed if need be: Jest itself and its workers run there. */
export async function runSuite(
	release: string,
	{ projects, filters, oneAtATime = false, signal }: Suite
): Promise<SuiteResult> {
	const node = await bringNode(release);
	const report = join(folderOf(release), "report.json");
	await rm(report, { force: true });
	const options = ["--json", `--outputFile=${report}`, "--selectProjects", ...projects];
	if (oneAtATime) options.push("--maxWorkers=1");
	const jest = spawnProcess(node, [...JEST, ...filters, ...options], {
		env: { NO_COLOR: "1", FORCE_COLOR: undefined }
	});
	const stop = () => jest.stop();
	signal?.addEventListener("abort", stop);
	const end = await jest.exited;
	signal?.removeEventListener("abort", stop);
	const text = await readFile(report, "utf8").catch(() => {
		throw jest.failure("wrote no report");
	});
	return { ...read(JSON.parse(text)), end, output: jest.output };
}

function read(report: Report): Omit<SuiteResult, "end" | "output"> {
	const failures = report.testResults.flatMap(({ name, status, assertionResults }) => {
		const failed = assertionResults.filter(test => test.status === "failed");
		if (status === "failed" && failed.length === 0) return [name];
		return failed.map(({ fullName }) => fullName);
	});
	return {
		passed: report.numPassedTests,
		failed: report.numFailedTests,
		skipped: report.numPendingTests,
		files: report.testResults.length,
		failures
	};
}
