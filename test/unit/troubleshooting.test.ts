import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { prose } from "../support/markdown.ts";

const PAGE = readFileSync("docs/production/troubleshooting.md", "utf8");
const [, ...ENTRIES] = prose(PAGE).split(/^### /m);

/** The texts of the code, in one piece: concatenated literals, with `…` for inserted values. */
const SAID = globSync("mixins/**/*.ts")
	.map(file => readFileSync(file, "utf8"))
	.join("\n")
	.replaceAll(/["`] \+\s*["`]/g, "")
	.replaceAll("\\`", "`")
	.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…");

/** The quotations of a list item that may be from the code: several words in backticks, and no command. */
function quotations(text: string): string[] {
	const [, see = ""] = /^- \*\*See:\*\* (.*?)^- \*\*Do:/ms.exec(text) ?? [];
	return [...see.matchAll(/(`+) ?(.+?) ?\1/gs)]
		.map(([, , quoted = ""]) => quoted.replaceAll(/\s+/g, " "))
		.filter(quoted => quoted.split(" ").length > 3 && !quoted.startsWith("sse "));
}

/** A quotation without the page's example values. */
function withoutExamples(quoted: string): string {
	return quoted
		.replace("limits.streamsPerSession", "limits.…")
		.replace('"eventName"', '"…"')
		.replace('"session" failed', '"…" failed')
		.replace("within 25 seconds", "within … seconds");
}

describe("troubleshooting", () => {
	it("has at least 25 entries, each once", () => {
		const symptoms = ENTRIES.map(entry => entry.split("\n")[0]);
		expect(symptoms.length).toBeGreaterThanOrEqual(25);
		expect(symptoms).toEqual([...new Set(symptoms)]);
	});

	it.each(ENTRIES.map(entry => [entry.split("\n")[0] ?? "", entry]))(
		"%s: has a cause, a way to see it, and a remedy",
		(_, entry) => {
			expect([...entry.matchAll(/^- \*\*(\w+):\*\* \S/gm)].map(([, part]) => part)).toEqual([
				"Cause",
				"See",
				"Do"
			]);
		}
	);

	it.each([...new Set(ENTRIES.flatMap(quotations))])("quotes the code: %s", quoted => {
		// not toContain, which would print all of the code
		expect(SAID.includes(withoutExamples(quoted))).toBe(true);
	});

	it("quotes the code often", () => {
		expect(ENTRIES.flatMap(quotations).length).toBeGreaterThan(20);
	});
});
