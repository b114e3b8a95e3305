import { existsSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { PHASES, plan } from "../../jest/phases.ts";

const file = (project: string, name: string) => ({
	project,
	file: `test/${project}/${name}.test.ts`
});

describe("the plan of a run", () => {
	it("has a phase's projects in order, and the files of each as Jest has sorted them", () => {
		const files = [
			...[file("e2e", "large"), file("e2e", "small"), file("fuzz", "a")],
			...[file("chaos", "b"), file("chaos", "a"), file("unit", "a")]
		];
		expect(plan(files).map(phase => phase.files)).toEqual([
			[file("unit", "a"), file("fuzz", "a")],
			[file("chaos", "b"), file("chaos", "a"), file("e2e", "large"), file("e2e", "small")],
			[]
		]);
	});

	it("starts files that take long before the rest of their project", () => {
		const [, second] = plan([
			file("e2e", "large"),
			file("e2e", "reports-rabbitmq"),
			file("node", "a")
		]);
		expect(second?.files.map(({ file }) => file)).toEqual([
			...["test/node/a.test.ts", "test/e2e/reports-rabbitmq.test.ts", "test/e2e/large.test.ts"]
		]);
	});

	it("names no file that does not exist", () => {
		expect(PHASES.flatMap(({ first = [] }) => first).filter(path => !existsSync(path))).toEqual([]);
	});

	// They were left out, and the run was green.
	it("refuses files that are in no phase", () => {
		expect(() => plan([file("stray", "a")])).toThrow('the project "stray" is in no phase');
	});
});
