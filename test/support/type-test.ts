import { pathToFileURL } from "node:url";
import { expect, it as test } from "@jest/globals";
import { inject, type TypeScriptError } from "./provided.ts";

export { describe } from "@jest/globals";

/** Lines at which the tests of this file begin. */
const begins: number[] = [];

/** A test that passes if TypeScript accepts it, from here to the next one; it is not run. */
export function it(name: string, _body: () => void): void {
	const { file, line } = caller();
	begins.push(line);
	test(name, () => {
		const next = begins.find(begin => begin > line) ?? Number.POSITIVE_INFINITY;
		expect(
			inject("typeErrors")
				.filter(concerns(file, line, next))
				.map(tell)
		).toEqual([]);
	});
}

/** Errors on its own lines, and those that belong to no test: they may be the reason why there are no others. */
function concerns(file: string, line: number, next: number): (error: TypeScriptError) => boolean {
	const [first = 0] = begins;
	return error =>
		error.file === file
			? error.line < first || (error.line >= line && error.line < next)
			: !error.file.endsWith(".test-d.ts");
}

function tell({ file, line, message }: TypeScriptError): string {
	return `${file}:${line} ${message}`;
}

/** The line of the test file that calls. A wrong place would make its test pass whatever TypeScript says. */
function caller(): { file: string; line: number } {
	const { testPath: file = "" } = expect.getState();
	const stack = new Error().stack ?? "";
	for (const place of [pathToFileURL(file).href, file]) {
		const [, after] = stack.split(`${place}:`);
		if (after !== undefined) return { file, line: Number.parseInt(after, 10) };
	}
	throw new Error(`a test of types is not called by its file, ${file}: ${stack}`);
}
