import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { tempFolder } from "../../support/temp-folder.ts";

const folder = tempFolder("count");
afterAll(() => folder.remove());

/** A test file in Jest's report. */
function file(status: "passed" | "failed", tests: string[]): object {
	const assertionResults = tests.map((status, at) => ({ fullName: `test ${at}`, status }));
	return { name: "some.test.ts", status, message: "it broke", assertionResults };
}

function count(
	report: object | string | null,
	exitCode: number | "not-run",
	...failedSteps: string[]
) {
	const path = join(folder.path, `${crypto.randomUUID()}.json`);
	if (report) writeFileSync(path, typeof report === "string" ? report : JSON.stringify(report));
	const args = [".ci/count.mjs", path, String(exitCode), ...failedSteps];
	const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
	const lines = stdout.trimEnd().split("\n");
	return { last: lines.pop(), named: lines.filter(line => line.startsWith("failed")), status };
}

describe(".ci/count.mjs", () => {
	it("counts passed tests", () => {
		const report = {
			testResults: [file("passed", ["passed", "passed"]), file("passed", ["passed"])]
		};
		expect(count(report, 0)).toEqual({ last: "3 passed, 0 failed", named: [], status: 0 });
	});

	it("counts failed and skipped tests and names the failed ones", () => {
		const report = { testResults: [file("failed", ["passed", "failed", "skipped", "todo"])] };
		expect(count(report, 1)).toEqual({
			last: "1 passed, 1 failed, 2 skipped",
			named: ["failed: test: test 1"],
			status: 1
		});
	});

	it("counts a file that failed without a failed test: its import, or a hook", () => {
		const report = {
			testResults: [file("passed", ["passed"]), file("failed", []), file("failed", ["skipped"])]
		};
		expect(count(report, 1)).toMatchObject({ last: "1 passed, 2 failed, 1 skipped", status: 1 });
	});

	it("counts an unhandled error, which fails the run but no test", () => {
		const report = { testResults: [file("passed", ["passed"])] };
		expect(count(report, 1)).toMatchObject({ last: "1 passed, 1 failed", status: 1 });
	});

	it("counts errors of files that are over, by name, beside a failed test", () => {
		const lateErrors = [
			"one.test.ts has left an error behind: Error: 1\n    at one",
			"two.test.ts 2"
		];
		const report = { testResults: [file("failed", ["passed", "failed"])], lateErrors };
		expect(count(report, 1)).toEqual({
			last: "1 passed, 3 failed",
			named: [
				"failed: test: test 1",
				"failed: late error: one.test.ts has left an error behind: Error: 1",
				"failed: late error: two.test.ts 2"
			],
			status: 1
		});
	});

	it("counts files without a result: they were not run, and the run was green", () => {
		const report = { numTotalTestSuites: 3, testResults: [file("passed", ["passed"])] };
		expect(count(report, 0)).toEqual({
			last: "1 passed, 1 failed",
			named: ["failed: tests: 2 of 3 files have no result"],
			status: 1
		});
	});

	it("counts the steps that failed before the tests, by name", () => {
		const report = { testResults: [file("passed", ["passed"])] };
		expect(count(report, 0, "lint", "types")).toEqual({
			last: "1 passed, 2 failed",
			named: ["failed: step: lint", "failed: step: types"],
			status: 1
		});
	});

	it("counts only the step that kept the tests from running", () => {
		expect(count(null, "not-run", "install")).toEqual({
			last: "0 passed, 1 failed",
			named: ["failed: step: install"],
			status: 1
		});
	});

	it.each([
		["missing", null, 1],
		["missing though the tests claim success", null, 0],
		["cut off", '{"testResults":[', 1],
		["empty", { testResults: [] }, 0],
		["without a test", { testResults: [file("passed", [])] }, 0]
	])("fails when the report is %s", (_, report, exitCode) => {
		expect(count(report, exitCode)).toMatchObject({ last: "0 passed, 1 failed", status: 1 });
	});
});
