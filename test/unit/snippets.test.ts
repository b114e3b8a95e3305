import { globSync, readFileSync } from "node:fs";
import vm from "node:vm";
import { describe, expect, it } from "@jest/globals";
import { codeBlocks } from "../support/markdown.ts";

const PAGES = ["README.md", ...globSync("docs/{guide,production,reference}/*.md")];

/** What a line begins with that is a member of a service's schema, and no statement. */
const MEMBER = /^(?:mixins|settings|actions|aliases|methods|events): |^\{ path: /m;

/** A snippet as it may stand in a file: what comes before its first member, and its members in an object. */
function asProgram(code: string): string {
	const program = code
		.replaceAll(/^import .*;$/gm, "")
		.replaceAll(/^export default /gm, "result = ")
		.replaceAll("{ … }", "{}")
		.replaceAll(/, …(?= })/g, "");
	const at = program.search(MEMBER);
	if (at < 0) return `async () => {${program}}`;
	const members = program.slice(at);
	const list = members.startsWith("{") ? `[${members}]` : `{${members}}`;
	return `async () => {${program.slice(0, at)}; result = ${list}}`;
}

/** Whether a snippet is a whole file. */
function isModule(code: string): boolean {
	try {
		return new vm.SourceTextModule(code) !== undefined;
	} catch {
		return false;
	}
}

describe("the snippets of the documentation", () => {
	const snippets = PAGES.flatMap(page =>
		codeBlocks(readFileSync(page, "utf8"))
			.filter(({ language }) => language === "js")
			.map(({ code }, index) => [`${page}, ${index + 1}`, code] as const)
	);

	it.each(snippets)("%s is JavaScript", (_, code) => {
		if (!isModule(code)) expect(() => new vm.Script(asProgram(code))).not.toThrow();
	});

	it("are many", () => {
		expect(snippets.length).toBeGreaterThan(30);
	});
});
