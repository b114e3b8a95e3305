import { existsSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import manifest from "../../package.json" with { type: "json" };
import { noted } from "../support/noted.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { OLDEST } from "./releases.ts";
import { runSuite } from "./suite.ts";

// Streams are written with Node's own HTTP, and detached from it; releases differ in what it reports, and when. The tests run
// on one release; `npm run test:node` tries more, and takes longer.

/** The tests that depend on it most, below `test/integration`. */
const FILES = [
	...[
		"connection",
		"life",
		"detach",
		"held-stream",
		"writes",
		"slow",
		"pressure",
		"express",
		"revocation"
	],
	...["drain", "limits", "session", "route"]
].map(name => `test/integration/${name}.test.ts`);

const [oldest] = OLDEST;

describe("the oldest Node.js that package.json asks for", () => {
	it("is the first of those that the tests run on", () => {
		expect(`>=${oldest}`).toBe(`${manifest.engines.node}.0`);
	});

	it("runs the gateway's HTTP like the newest", async () => {
		const controller = new AbortController();
		onTestFinished(() => controller.abort());
		const { signal } = controller;
		expect(FILES.filter(file => !existsSync(file))).toEqual([]);
		const suite = { projects: ["integration"], filters: FILES, oneAtATime: true, signal };
		const result = await runSuite(oldest, suite);
		console.log(`Node ${oldest}: ${result.passed} passed, ${result.failed} failed`);
		noted(result.output, () => {
			expect(result.failures).toEqual([]);
			expect(result.end).toBe("code 0");
		});
		expect(result.files).toBe(FILES.length);
		expect(result.passed).toBeGreaterThan(0);
	});
});
