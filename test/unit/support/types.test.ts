import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { compile } from "../../support/types.setup.ts";

/** TypeScript's errors for a file of these lines. */
function errorsOf(lines: readonly string[], options = {}) {
	const folder = tempFolder("types");
	onTestFinished(() => folder.remove());
	const file = join(folder.path, "some.ts");
	writeFileSync(file, lines.join("\n"));
	const project = join(folder.path, "tsconfig.json");
	const compilerOptions = { strict: true, noEmit: true, types: [], ...options };
	writeFileSync(project, JSON.stringify({ compilerOptions, files: [file] }));
	return compile(project).map(error => ({ ...error, isOfFile: error.file === file }));
}

describe("tests of types", () => {
	it("report an error at its line", () => {
		const lines = ["export const right: number = 1;", 'export const wrong: number = "1";'];
		expect(errorsOf(lines)).toEqual([
			expect.objectContaining({
				isOfFile: true,
				line: 2,
				message: expect.stringContaining("'string' is not assignable to type 'number'")
			})
		]);
	});

	it("report an expected error that does not occur", () => {
		const lines = ["// @ts-expect-error", "export const right: number = 1;"];
		expect(errorsOf(lines)).toEqual([expect.objectContaining({ isOfFile: true, line: 1 })]);
	});

	it("do not pass if TypeScript does not run", () => {
		const [error] = errorsOf([""], { module: "no such module" });
		expect(error).toMatchObject({ isOfFile: false, message: expect.stringContaining("error") });
	});
});
