import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { noted } from "../../support/noted.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { spawnNode } from "../../support/processes/process.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const RUNS = "test/support/fixtures/runs";

/** The part that is read of Jest's JSON report. */
interface Report {
	readonly numTotalTests: number;
	readonly numPassedTests: number;
	readonly numPendingTests: number;
	readonly lateErrors: readonly string[];
	readonly testResults: readonly {
		name: string;
		status: string;
		message: string;
		assertionResults: readonly { title: string; status: string; failureDetails: unknown[] }[];
	}[];
}

/** Runs files of `test/support/fixtures/runs` like `npm test`; `files` is a pattern. */
async function run(files: string, { config = "jest", workers = 1 } = {}) {
	const folder = tempFolder("run");
	onTestFinished(() => folder.remove());
	const path = join(folder.path, "report.json");
	const options = [
		...["--config", `${RUNS}/${config}.config.ts`, `--maxWorkers=${workers}`],
		...["--json", `--outputFile=${path}`, `fixtures/runs/${files}`]
	];
	const jest = spawnNode("--experimental-vm-modules", [
		...["--no-flush-bytecode", "--disable-warning=ExperimentalWarning"],
		...["node_modules/jest/bin/jest.js", ...options]
	]);
	onTestFinished(() => jest.stop());
	const end = await jest.exited;
	const report: Report | null = JSON.parse(await readFile(path, "utf8").catch(() => "null"));
	return { end, report, output: jest.output };
}

function byName(a: { name: string }, b: { name: string }): number {
	return a.name.localeCompare(b.name);
}

function countsOf(report: Report | null) {
	return {
		total: report?.numTotalTests,
		passed: report?.numPassedTests,
		skipped: report?.numPendingTests
	};
}

it("a run of tests fails because of each of its files that", async () => {
	const reasons: Record<string, RegExp> = {
		"error-in-test": /● has an error.*uncaught/s,
		"rejection-in-test": /● has a rejection.*unhandled/s,
		"error-after-tests": /uncaught/,
		"rejection-after-tests": /unhandled/,
		"rejection-handled-late":
			/● handles .*handled only after Node.js had raised it.*: Error: unhandled/s,
		"open-handle": /still runs: 1 TCPServerWrap, the server at :: \d+$/m,
		"unref-handles": /still runs: the server at 127.0.0.1 \d+, the UDP socket at 0.0.0.0 \d+$/m,
		"open-files": /still runs: the open file .*\/one .*\/two .*\/failing$/m,
		thread: /still runs: the thread \d+/,
		process: /still runs: the process \d+ \(cat\)/,
		"skipped-without-a-word": /● is skipped by a reason that says nothing.*skip: says no reason/s,
		"skipped-without-reason": /a test is skipped for no reason/,
		only: /a test is skipped for no reason/,
		todo: /a test is skipped for no reason/,
		"step-before-all": /onTestFinished: no test is running/,
		"step-after-all": /onTestFinished: no test is running/,
		"step-concurrent": /onTestFinished: no test is running/
	};
	const { end, report, output } = await run("failing/", { workers: 2 });
	noted(output, () => {
		expect(end).toBe("code 1");
		const found = report?.testResults.map(({ name, status, message }) => [
			basename(name, ".run.ts"),
			status,
			message
		]);
		const expected = Object.entries(reasons).map(([name, reason]) => [
			name,
			"failed",
			expect.stringMatching(reason)
		]);
		expect(found?.sort()).toEqual(expected.sort());
	});
	// three of them are waited for in vain
}, 180_000);

it("a test that finds out that it cannot be run is skipped, and the run says why", async () => {
	const { end, report, output } = await run("skipped.run");
	noted(output, () => expect(end).toBe("code 0"));
	expect(countsOf(report)).toEqual({ total: 2, passed: 1, skipped: 1 });
	expect(output).toContain("skipped: cannot be run here: there is no Lynx\n");
});

it("a parameter for which a row has no value is undefined, and not a callback", async () => {
	const { end, output } = await run("short-row.run");
	noted(output, () => expect(end).toBe("code 0"));
});

it("what a test has to end is ended after its hooks, last one first", async () => {
	const { end, output } = await run("teardown-in-order.run");
	noted(output, () => expect(end).toBe("code 0"));
});

// An error of a timer that kept nothing running was reported for the next file, or for none.
describe("an error after the end of a file fails the run in the name of that file", () => {
	const LATE = /^(\S+) has left an error behind: Error: (.*)$/gm;
	const told = (output: string) =>
		[...output.matchAll(LATE)].map(([, file, error]) => [file, error]);

	it("while the next one runs, which passes", async () => {
		const { end, report, output } = await run("late-error-.\\.run");
		noted(output, () => {
			expect(end).toBe("code 1");
			expect(report?.testResults.map(({ status }) => status)).toEqual(["passed", "passed"]);
			const file = expect.stringMatching(/\/late-error-[12]\.run\.ts$/);
			expect(told(output)).toEqual([
				[file, "too late"],
				[file, "rejected too late"]
			]);
			// `.ci/count.mjs` counts them from there
			expect(report?.lateErrors.map(text => text.replace(/\n.*/s, ""))).toEqual([
				expect.stringMatching(/late-error-[12]\.run\.ts .*: Error: too late$/),
				expect.stringMatching(/late-error-[12]\.run\.ts .*: Error: rejected too late$/)
			]);
		});
	});

	it("while no other runs in its process", async () => {
		const { end, output } = await run("idle-.\\.run", { workers: 2 });
		noted(output, () => {
			expect(end).toBe("code 1");
			expect(told(output)).toEqual([[`${RUNS}/idle-1.run.ts`, "too late"]]);
		});
	});
});

// Jest ran the next file again, in another process, or there was no next one: the run was green.
it("a file that ends its process after its end fails the run, which says where it did so", async () => {
	const { end, output } = await run("exit-.\\.run", { workers: 2 });
	noted(output, () => {
		expect(end).toBe("code 1");
		const [, file, place] =
			/^(\S+) has ended its process, with code 3:$.*? at Timeout\S* \((.*?):5:\d+\)$/ms.exec(
				output
			) ?? [];
		expect(file).toBe(`${RUNS}/exit-1.run.ts`);
		expect(place).toMatch(/exit-1\.run\.ts$/);
	});
});

// It held up the run for ever, and nothing said which file it was.
it("a file that waits in vain while it is imported fails, and the others run", async () => {
	const { end, report, output } = await run("(hanging|short-row)\\.run", { config: "hanging" });
	noted(output, () => {
		expect(end).toBe("code 1");
		expect(countsOf(report)).toMatchObject({ passed: 2 });
		expect(output).toContain(`${RUNS}/hanging.run.ts is still being imported after 3 s`);
	});
});

// One such error lost the results of all files, or held up the run for ever.
it("errors that cannot be written into a report fail their tests, and nothing else", async () => {
	const { end, report, output } = await run("unwritable/", { workers: 2 });
	noted(output, () => {
		expect(end).toBe("code 1");
		expect(countsOf(report)).toEqual({ total: 11, passed: 2, skipped: 0 });
		const [circular, unreadable] = report?.testResults.toSorted(byName) ?? [];
		const details = circular?.assertionResults.map(({ failureDetails }) => failureDetails);
		// what has no circle is kept
		expect(details?.[4]).toEqual([{ code: 42 }]);
		expect(circular?.message).toMatch(/with a circle.*Cause:\s+its cause.*no error.*uncaught/s);
		expect(unreadable?.message).toMatch(/with a getter.*without JSON.*rejected/s);
	});
});

// Its worker waited for the next file, and the run for its result.
it("a file whose results cannot be sent fails, and the others run", async () => {
	const { end, report, output } = await run("(unsent|short-row)\\.run");
	noted(output, () => {
		expect(end).toBe("code 1");
		expect(countsOf(report)).toMatchObject({ passed: 2 });
		expect(output).toMatch(/\/unsent\.run\.ts has results that cannot be sent: Error: nothing/);
	});
});

describe("a project", () => {
	// Its tests were not run, and the run was green.
	it("that is in no phase fails the run", async () => {
		const { end, output } = await run("skipped.run", { config: "no-phase" });
		expect(end).toBe("code 1");
		expect(output).toContain('the project "stray" is in no phase of test/jest/phases.ts');
	});

	it("that has no files fails the run", async () => {
		const { end, output } = await run("skipped.run", { config: "no-files" });
		expect(end).toBe("code 1");
		expect(output).toContain('the project "unit" has no files: <rootDir>/test/unti');
	});
});

// The path was read from a stack with its space encoded, or only up to it, so that no TypeScript error was one of such a file.
it("a test of types fails in a folder whose name has a space", async () => {
	const { end, report, output } = await run("a folder/wrong");
	noted(output, () => {
		expect(end).toBe("code 1");
		expect(countsOf(report)).toMatchObject({ total: 2, passed: 1 });
		expect(output).toMatch(/● has an error.*:9 is wrong/s);
	});
});
