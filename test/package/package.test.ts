import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { COMPILED, expectToCompile } from "./compile.ts";
import { installed } from "./installed.ts";
import type { Project } from "./project.ts";
import {
	COMMAND,
	commonJsExample,
	FIRST_EXAMPLE,
	OLDEST_TYPESCRIPT,
	typeScriptExample
} from "./readme.ts";
import { expectToSend } from "./repl.ts";
import { node } from "./run.ts";
import { expectToPassJest, expectToPassVitest } from "./runners.ts";
import { expectToRun, servedPage } from "./running.ts";
import "../support/provided.ts";

const program = (name: string) => resolve("node_modules/.bin", name);

const tarball = inject("tarball");

describe("the tarball", () => {
	it("holds what a user needs and nothing else", () => {
		const listed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" });
		const files = listed.trim().split("\n");
		expect(files.map(name => name.replace(/^package\//, "")).sort()).toEqual([
			"CHANGELOG.md",
			"CONTRIBUTING.md",
			"LICENSE",
			"README.md",
			"SECURITY.md",
			"dist/BUNDLED-LICENSES.txt",
			"dist/index.cjs",
			"dist/index.cjs.map",
			"dist/index.d.cts",
			"dist/index.d.mts",
			"dist/index.mjs",
			"dist/index.mjs.map",
			"docs/benchmarks.md",
			"docs/benchmarks/events.svg",
			"docs/benchmarks/gateways.svg",
			"docs/benchmarks/sessions.svg",
			"docs/benchmarks/size.svg",
			"docs/benchmarks/streams.svg",
			"docs/decisions.md",
			"docs/protocol.md",
			"docs/transporters.md",
			"package.json"
		]);
	});

	const read = (file: string) =>
		execFileSync("tar", ["-xOzf", tarball, `package/dist/${file}`], { encoding: "utf8" });
	const readMap = (file: string): { sources: string[]; sourcesContent: (string | null)[] } =>
		JSON.parse(read(`${file}.map`));

	it.each(["index.mjs", "index.cjs"])("%s has a source map that holds its sources", name => {
		expect(read(name)).toContain(`//# sourceMappingURL=${name}.map`);
		const map = readMap(name);
		const sources = map.sources.map(path =>
			readFileSync(join(dirname(tarball), "repository/dist", path), "utf8")
		);
		expect(map.sourcesContent).toEqual(sources);
	});

	it("has the license of each package that is in it, and has only what is an ES module alone", () => {
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

	it("has no fault that publint knows, in strict mode", async () => {
		expect(await node(program("publint"), ["--strict", tarball], dirname(tarball))).toMatch(
			/All good!/
		);
	});

	// No resolution needs to be left out, not even Node 10's: no declaration mentions what is an ES module alone.
	it("has types that are right however it is imported", async () => {
		const printed = await node(program("attw"), ["--profile", "strict", tarball], dirname(tarball));
		expect(printed).toMatch(/No problems found/);
	});
});

/** All of the package's names are there, whichever way it is loaded. */
async function expectToLoad(project: Project): Promise<void> {
	const print = 'console.log(Object.keys(sse).filter(name => name !== "__esModule").sort().join())';
	await project.write({
		"import.mjs": `import * as sse from "moleculer-sse"; ${print}`,
		"require.cjs": `const sse = require("moleculer-sse"); ${print}`
	});
	const all = "SseError,SseMiddleware,SseMixin,busState,sseSend,sseSession,visitorSession";
	const names = { output: `${all}\n`, end: "code 0" };
	expect(await project.run("import.mjs")).toEqual(names);
	expect(await project.run("require.cjs")).toEqual(names);
}

describe("an ESM project on Moleculer 0.15", () => {
	const project = installed({
		type: "module",
		packages: ["moleculer@^0.15.0", "moleculer-web@^0.11.0", "vitest"],
		files: FIRST_EXAMPLE
	});

	it("runs the README's first example", () => expectToRun(project(), COMMAND, servedPage));

	it("gives the same by import and by require", () => expectToLoad(project()));

	it("passes the README's tests in Vitest", () => expectToPassVitest(project()));
});

describe("a project on the oldest Moleculer that package.json asks for", () => {
	const project = installed({
		type: "commonjs",
		packages: ["moleculer@0.14.12", "moleculer-web@0.10.8", "moleculer-repl@^0.6.4"],
		files: commonJsExample()
	});

	// It is CommonJS alone, and Node finds no names in it but `ServiceBroker`: `import { Errors } from "moleculer"` was a
	// SyntaxError, so that the package could only be required there.
	it("gives the same by import and by require", () => expectToLoad(project()));

	it("runs the README's first example", () => expectToRun(project(), COMMAND, servedPage));

	it("has `sse send` in its REPL", () => expectToSend(project()));
});

describe("a CommonJS project on Moleculer 0.14", () => {
	const project = installed({
		type: "commonjs",
		packages: [
			...["moleculer@0.14.36", "moleculer-web@0.10.8", "moleculer-repl@^0.7.4", "jest@^29.7.0"],
			...[`typescript@~${OLDEST_TYPESCRIPT}.0`, "@types/node@22.12.0"]
		],
		files: commonJsExample()
	});

	it("runs the README's first example", () => expectToRun(project(), COMMAND, servedPage));

	it("compiles the README's first example in the oldest TypeScript", async () => {
		await project().write({ ...typeScriptExample(), ...COMPILED });
		await expectToCompile(project());
	});

	it("passes the README's tests in Jest 29", () => expectToPassJest(project()));

	it("has `sse send` in its REPL", () => expectToSend(project()));
});
