import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { noted } from "../../support/noted.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { spawnNode } from "../../support/processes/process.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const CONFIG = "test/support/fixtures/runs/jest.config.ts";

/** Runs a file of `test/support/fixtures/runs` as `npm test` would. */
async function run(name: string) {
	const folder = tempFolder("run");
	onTestFinished(() => folder.remove());
	const report = join(folder.path, "report.json");
	const options = ["--config", CONFIG, "--json", `--outputFile=${report}`, `/${name}.run`];
	const jest = spawnNode("--experimental-vm-modules", [
		...["--no-flush-bytecode", "--disable-warning=ExperimentalWarning"],
		...["node_modules/jest/bin/jest.js", ...options]
	]);
	onTestFinished(() => jest.stop());
	const end = await jest.exited;
	const { numTotalTests, numPassedTests, numPendingTests } = JSON.parse(
		await readFile(report, "utf8")
	);
	const counts = { total: numTotalTests, passed: numPassedTests, skipped: numPendingTests };
	return { end, counts, output: jest.output };
}

describe("a run of tests fails", () => {
	it.each([
		["an uncaught error during a test", "error-in-test", /● has an error.*uncaught/s],
		["a rejection that nobody handles", "rejection-in-test", /● has a rejection.*unhandled/s],
		["an uncaught error after the last test", "error-after-tests", /uncaught/],
		["a rejection after the last test", "rejection-after-tests", /unhandled/],
		["what still runs after the last test", "open-handle", /still runs: 1 TCPServerWrap/],
		["a test that is skipped for no reason", "skipped-without-reason", /decision: no reason given/]
	])("because of %s", async (_, name, says) => {
		const { end, output } = await run(name);
		expect(end).toBe("code 1");
		expect(output).toMatch(says);
	});
});

it("a test that finds out that it cannot be run is skipped, and the run says why", async () => {
	const { end, counts, output } = await run("skipped");
	noted(output, () => expect(end).toBe("code 0"));
	expect(counts).toEqual({ total: 2, passed: 1, skipped: 1 });
	expect(output).toContain("skipped: cannot be run here: there is no Lynx\n");
});

it("a parameter for which a row has no value is undefined, and nothing to wait for", async () => {
	const { end, output } = await run("short-row");
	noted(output, () => expect(end).toBe("code 0"));
});

it("what a test has to end is ended after its hooks, and what came last first", async () => {
	const { end, output } = await run("teardown-in-order");
	noted(output, () => expect(end).toBe("code 0"));
});
