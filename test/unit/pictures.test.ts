import { globSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { bringTools } from "../pictures/tools.ts";
import type { Machine } from "../support/processes/machine.ts";
import { readWebp } from "../support/webp.ts";

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
	const picture = /<picture>(.*?)<\/picture>/s.exec(readFileSync("README.md", "utf8"))?.[1] ?? "";
	const shown = [...picture.matchAll(/<(?:source media="([^"]*)" srcset|img src)="\.\/([^"]*)"/g)];
	const webp = (path = "") => readWebp(readFileSync(path));

	it("are those of README, for both colour schemes, and still ones for whoever wants no motion", () => {
		expect(shown.map(([, media, path]) => [media, path])).toEqual([
			[
				"(prefers-reduced-motion: reduce) and (prefers-color-scheme: dark)",
				"docs/images/demo-dark-still.webp"
			],
			["(prefers-reduced-motion: reduce)", "docs/images/demo-light-still.webp"],
			["(prefers-color-scheme: dark)", "docs/images/demo-dark.webp"],
			[undefined, "docs/images/demo-light.webp"]
		]);
		expect(shown.map(([, , path]) => path).toSorted()).toEqual(
			globSync("docs/images/*.webp").toSorted()
		);
	});

	it.each(shown.map(([, media = "", path = ""]) => ({ media, path })))(
		"$path is sharp at the width of README, and small",
		({ media, path }) => {
			const width = Number(/ width="(\d+)"/.exec(picture)?.[1]);
			const still = media.includes("reduced-motion");
			expect(webp(path).width).toBeGreaterThanOrEqual(1.9 * width);
			expect(webp(path).width).toBe(webp("docs/images/demo-light.webp").width);
			expect(webp(path).height).toBe(webp("docs/images/demo-light.webp").height);
			expect(statSync(path).size).toBeLessThan(still ? 100_000 : 600_000);
		}
	);

	it.each(["light", "dark"])("the %s one moves, for 8 to 12 seconds, again and again", scheme => {
		const { frames, duration, loops } = webp(`docs/images/demo-${scheme}.webp`);
		expect(frames).toBeGreaterThan(20);
		expect(duration).toBeGreaterThanOrEqual(8000);
		expect(duration).toBeLessThanOrEqual(12_000);
		expect(loops).toBe(0);
		expect(webp(`docs/images/demo-${scheme}-still.webp`).frames).toBe(0);
	});
});

describe("`npm run docs:pictures`", () => {
	const machine = (programs: readonly string[]): Machine => ({
		env: {},
		find: (...names) =>
			names.map(name => `/bin/${name}`).find(path => programs.includes(path)) ?? null,
		findAll: () => [],
		version: async path => (programs.includes(path) ? "1.0" : null),
		canInstall: () => false,
		install: async () => []
	});

	it("says which programs it lacks, and what to do", async () => {
		const lacking = machine([
			"/bin/chromium",
			"/bin/nginx",
			"/bin/rabbitmq-server",
			"/bin/epmd",
			"/bin/erl"
		]);
		await expect(bringTools(lacking, () => {})).rejects.toThrow(
			/^the pictures need programs that are not here:\n- img2webp: install webp .*$/
		);
	});

	it("says which it uses", async () => {
		const said: string[] = [];
		const names = ["chromium", "nginx", "rabbitmq-server", "epmd", "erl", "img2webp"];
		await bringTools(machine(names.map(name => `/bin/${name}`)), line => said.push(line));
		expect(said).toHaveLength(4);
		expect(said).toContain("img2webp: /bin/img2webp (1.0)");
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
