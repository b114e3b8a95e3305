import { globSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "@jest/globals";

const PICTURES = globSync("docs/images/*.svg");
const PAGES = globSync("docs/**/*.md").map(path => readFileSync(path, "utf8"));
const read = (name: string) => readFileSync(`docs/images/${name}.svg`, "utf8");

describe.each(PICTURES)("%s", path => {
	const text = readFileSync(path, "utf8");

	it("is shown in a page", () => {
		expect(PAGES.some(page => page.includes(`images/${basename(path)})`))).toBe(true);
	});

	it("says what it shows to those who do not see it", () => {
		expect(text).toMatch(/<title id="title">[^<]+<\/title>\n<desc id="desc">[^<]+<\/desc>/);
	});

	it("has colours for a dark page as well", () => {
		expect(text).toContain("@media (prefers-color-scheme: dark)");
	});

	it("closes every element that it opens", () => {
		const open: string[] = [];
		for (const [, end, name = "", alone] of text.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/gi)) {
			if (end) expect(name).toBe(open.pop());
			else if (!alone) open.push(name);
		}
		expect(open).toEqual([]);
	});
});

describe("the pictures of the demo", () => {
	it("are shown in README, in both colour schemes, and are small", () => {
		const readme = readFileSync("README.md", "utf8");
		const pictures = globSync("docs/images/*.jpg");
		expect(pictures).toHaveLength(2);
		for (const path of pictures) {
			expect(readme).toContain(`"./${path}"`);
			expect(statSync(path).size).toBeLessThan(100_000);
		}
	});
});

describe("the picture of a stream's life", () => {
	it("has the phases of a stream, all of them and no other", () => {
		const source = readFileSync("mixins/sse/streams/stream-phase.ts", "utf8");
		const [, union = ""] = /^export type StreamPhase =([^;]*);/m.exec(source) ?? [];
		const phases = [...union.matchAll(/"(\w+)"/g)].map(([, phase]) => phase);
		const drawn = [...read("stream-life").matchAll(/class="name"[^>]*>(\w+)</g)].map(
			([, name]) => name
		);
		expect(drawn.toSorted()).toEqual(phases.toSorted());
	});
});

describe("the picture of the buffer policies", () => {
	it("has the policies of the option, all of them and no other", () => {
		const options = readFileSync("docs/guide/slow-clients.md", "utf8");
		const policies = [...options.matchAll(/^\| `(\w+)` \|/gm)].map(([, policy]) => policy);
		const drawn = [...read("buffer-policies").matchAll(/class="head"[^>]*>(\w+)</g)].map(
			([, name]) => name
		);
		expect(drawn).toEqual(["sent", ...policies]);
	});
});
