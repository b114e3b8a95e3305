import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { links } from "../support/markdown.ts";
import { inject } from "../support/provided.ts";
import { installed } from "./installed.ts";
import { expectToInspect, expectToLoad } from "./loading.ts";
import { COMMAND, contractExample, FIRST_EXAMPLE } from "./readme.ts";
import { node } from "./run.ts";
import { expectToPassJestModules, expectToPassVitest } from "./runners.ts";
import { expectToRun, servedPage } from "./running.ts";
import { expectToProxy } from "./vite.ts";

const program = (name: string) => resolve("node_modules/.bin", name);

/** What the folder `docs` contains only for the repository: raw figures. */
const MADE = /\/results\.json$/;
/** README's pictures of the demo: registries show those of the repository, and nobody needs them beside the code. */
const PICTURES = /^docs\/images\/demo-[^/]*\.webp$/;

const tarball = inject("tarball");

describe("the tarball", () => {
	it("contains what a user needs and nothing else", () => {
		const listed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" });
		const files = listed.trim().split("\n");
		expect(files.map(name => name.replace(/^package\//, "")).sort()).toEqual(
			[
				"CHANGELOG.md",
				"CONTRIBUTING.md",
				"LICENSE",
				"README.md",
				"SECURITY.md",
				"dist/BUNDLED-LICENSES.txt",
				"dist/client.d.ts",
				"dist/client.js",
				"dist/client.js.map",
				"dist/index.cjs",
				"dist/index.cjs.map",
				"dist/index.d.cts",
				"dist/index.d.mts",
				"dist/index.mjs",
				"dist/index.mjs.map",
				...globSync("{docs,inspector,observability}/**", { withFileTypes: true })
					.filter(entry => entry.isFile())
					.map(entry => relative(".", join(entry.parentPath, entry.name)))
					.filter(path => !MADE.test(path) && !PICTURES.test(path)),
				"llms.txt",
				"package.json"
			].toSorted()
		);
	});

	// README linked to a page that only a clone had.
	it("has no document with a link that leads out of it", () => {
		const listed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
		const files = listed.map(name => name.replace(/^package\//, ""));
		const isHeld = (path: string) =>
			files.some(file => file === path || file.startsWith(`${path}/`));
		const dead = files
			.filter(file => file.endsWith(".md"))
			.flatMap(file => {
				const text = execFileSync("tar", ["-xOzf", tarball, `package/${file}`], {
					encoding: "utf8"
				});
				return links(text)
					.filter(({ path }) => path !== "")
					.map(({ path, target }) => ({ target, path: normalize(join(dirname(file), path)) }))
					.filter(({ path }) => !isHeld(path) && !PICTURES.test(path))
					.map(({ target }) => `${file}: ${target}`);
			});

		expect(dead).toEqual([]);
	});

	// the map of a build is larger than what Node.js takes by default
	const read = (file: string) =>
		execFileSync("tar", ["-xOzf", tarball, `package/dist/${file}`], {
			encoding: "utf8",
			// a source map contains all sources
			maxBuffer: 2 ** 26
		});
	const readMap = (file: string): { sources: string[]; sourcesContent: (string | null)[] } =>
		JSON.parse(read(`${file}.map`));

	it.each(["index.mjs", "index.cjs", "client.js"])(
		"%s has a source map that contains its sources",
		name => {
			expect(read(name)).toContain(`//# sourceMappingURL=${name}.map`);
			const map = readMap(name);
			const sources = map.sources.map(path =>
				readFileSync(join(dirname(tarball), "repository/dist", path), "utf8")
			);
			expect(map.sourcesContent).toEqual(sources);
		}
	);

	it("has the license of each package that is in it, and includes only what is an ES module alone", () => {
		const bundled = (file: string) => [
			...new Set(
				readMap(file).sources.flatMap(path => /.*\/node_modules\/([^/]+)\//.exec(path)?.[1] ?? [])
			)
		];
		expect(bundled("index.mjs")).toEqual([]);
		expect(bundled("index.cjs").sort()).toEqual(["cookie", "jose"]);
		const licenses = read("BUNDLED-LICENSES.txt");
		for (const name of bundled("index.cjs")) {
			const own = globSync(`node_modules/${name}/LICENSE*`).map(file => readFileSync(file, "utf8"));
			expect(own).toHaveLength(1);
			expect(licenses).toContain(own[0]?.trim());
		}
	});

	it.each(["index.d.mts", "index.d.cts"])("%s needs no types but Moleculer's and Node's", name => {
		const asked = [...read(name).matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)];
		const packages = new Set(asked.map(([, from, imported]) => from ?? imported));
		expect([...packages].filter(from => !from?.startsWith("node:"))).toEqual(["moleculer"]);
	});

	it("has a client that is small, imports nothing, and takes its types from the package itself", () => {
		// what is served leaves the name of the source map out
		const code = read("client.js").replace(/^\/\/# sourceMappingURL=.*$/m, "");
		expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(5120);
		expect(code).not.toMatch(/\bimport\b|\brequire\b/);
		const asked = [...read("client.d.ts").matchAll(/\bfrom "([^"]+)"/g)].map(([, from]) => from);
		expect(asked).toEqual(["moleculer-sse"]);
	});

	it("has no fault that publint knows, in strict mode", async () => {
		expect(await node(program("publint"), ["--strict", tarball], dirname(tarball))).toMatch(
			/All good!/
		);
	});

	// No resolution has to be left out, not even Node 10's: no declaration mentions what is an ES module alone.
	it("has correct types however it is imported", async () => {
		const check = (...args: string[]) =>
			node(program("attw"), [...args, "--", tarball], dirname(tarball));
		const all = await check("--profile", "strict", "--exclude-entrypoints", "client");
		expect(all).toMatch(/No problems found/);
		// pages, and their bundlers, have no CommonJS
		const client = await check("--profile", "esm-only", "--entrypoints", "client");
		expect(client).toMatch(/No problems found|ignored per resolution/);
	});
});

describe("an ESM project on Moleculer 0.15", () => {
	const project = installed({
		type: "module",
		packages: ["moleculer@^0.15.0", "moleculer-web@^0.11.0", "jest@^30.0.0", "vitest@^5.0.0"],
		files: FIRST_EXAMPLE
	});

	it("runs the README's first example", () => expectToRun(project(), COMMAND, servedPage));

	it("runs it with the guide's event contract", async () => {
		await project().write(contractExample());
		await expectToRun(project(), COMMAND, servedPage);
	});

	it("gives the same by import and by require", () => expectToLoad(project()));

	it("serves the inspector, whichever way it is loaded", () => expectToInspect(project()));

	it("passes the guide's tests in Jest 30, as ES modules", () =>
		expectToPassJestModules(project()));

	it("passes the guide's tests in Vitest", () => expectToPassVitest(project()));

	it("streams through the documented proxy of Vite", () => expectToProxy(project()));
});
