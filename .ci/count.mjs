/**
 * Prints the outcome of a whole run, from Jest's JSON report and the steps before it:
 *
 *     node .ci/count.mjs <report> <exit code of the tests, or "not-run"> [failed step]...
 *
 * The last line is `N passed, N failed` or `N passed, N failed, N skipped`; failures are named above
 * it. Exits with 1 unless tests passed and nothing failed.
 */
import { readFileSync } from "node:fs";

const [reportPath = "", exitCode = "1", ...failedSteps] = process.argv.slice(2);

/**
 * @returns {{
 *   testResults?: { name: string, status: string, message: string, assertionResults: { fullName: string, status: string }[] }[],
 *   numTotalTestSuites?: number,
 *   lateErrors?: string[]
 * }}
 */
function readReport() {
	try {
		return JSON.parse(readFileSync(reportPath, "utf8"));
	} catch (error) {
		console.log(`no test report: ${error.message}`);
		return {};
	}
}

const SKIPPED = new Set(["skipped", "pending", "todo", "disabled"]);

const failures = failedSteps.map(step => `step: ${step}`);
let passed = 0;
let skipped = 0;

const report = exitCode === "not-run" ? {} : readReport();
const { testResults = [], numTotalTestSuites = 0, lateErrors = [] } = report;
for (const file of testResults) {
	const before = failures.length;
	for (const { fullName, status } of file.assertionResults) {
		if (status === "passed") passed++;
		else if (SKIPPED.has(status)) skipped++;
		else failures.push(`test: ${fullName}`);
	}
	// a file that does not load, and one whose hook fails, have no failed test of their own
	if (file.status === "failed" && failures.length === before) {
		failures.push(`file: ${file.name}: ${file.message.trim() || "a hook failed"}`);
	}
}

// of files that are over: `test/jest/late-errors-reporter.ts` adds them to the report
for (const text of lateErrors) failures.push(`late error: ${text.split("\n", 1)[0]}`);

if (testResults.length < numTotalTestSuites) {
	const missing = numTotalTestSuites - testResults.length;
	failures.push(`tests: ${missing} of ${numTotalTestSuites} files have no result`);
}

const testsFailed = failures.length > failedSteps.length;
if (exitCode === "not-run") {
	// the step that kept them from running is counted already
} else if (exitCode !== "0" && !testsFailed) {
	failures.push(`tests: they ended with code ${exitCode} though none of them failed`);
} else if (passed === 0 && !testsFailed) {
	failures.push("tests: none passed");
}

for (const failure of failures) console.log(`failed: ${failure}`);
console.log(
	`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
);
process.exitCode = failures.length > 0 ? 1 : 0;
