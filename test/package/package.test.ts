import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/eventually.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { pack } from "./pack.ts";
import { Page } from "./page.ts";
import { type Plan, Project } from "./project.ts";
import {
	COMMAND,
	commonJsExample,
	FIRST_EXAMPLE,
	PAGE,
	TYPESCRIPT_COMMAND,
	typeScriptExample
} from "./readme.ts";
import { node } from "./run.ts";

const program = (name: string) => resolve("node_modules/.bin", name);

const folder = tempFolder("package");
let tarball: string;

beforeAll(async () => {
	tarball = await pack(folder.path);
});
afterAll(() => folder.remove());

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

	it.each(["index.mjs", "index.cjs"])("%s has a source map that holds its sources", name => {
		const read = (file: string) =>
			execFileSync("tar", ["-xOzf", tarball, `package/dist/${file}`], { encoding: "utf8" });
		expect(read(name)).toContain(`//# sourceMappingURL=${name}.map`);
		const map: { sources: string[]; sourcesContent: (string | null)[] } = JSON.parse(
			read(`${name}.map`)
		);
		const sources = map.sources.map(path =>
			readFileSync(join(folder.path, "repository/dist", path), "utf8")
		);
		expect(map.sourcesContent).toEqual(sources);
	});

	it("has no fault that publint knows, in strict mode", async () => {
		expect(await node(program("publint"), ["--strict", tarball], folder.path)).toMatch(/All good!/);
	});

	// No resolution needs to be left out, not even Node 10's: `cookie`, which is ESM only, is required by
	// the CommonJS build (Node 22.12 can), and no declaration mentions it.
	it("has types that are right however it is imported", async () => {
		const printed = await node(program("attw"), ["--profile", "strict", tarball], folder.path);
		expect(printed).toMatch(/No problems found/);
	});
});

const TSCONFIG = JSON.stringify({
	compilerOptions: {
		target: "es2023",
		module: "nodenext",
		strict: true,
		noUncheckedIndexedAccess: true,
		exactOptionalPropertyTypes: true,
		noEmit: true,
		types: ["node"],
		// the package's own declarations are to be checked, too
		skipLibCheck: false
	},
	include: ["*.ts", "services", "probe.*"]
});

/** Fails to compile where the package's types are `any`, or cannot be found: nothing is an error then. */
const PROBE = `
import { SseError, SseMiddleware, SseMixin, type SseSend } from "moleculer-sse";
SseMixin({ heartbeat: 1000 });
// @ts-expect-error
SseMixin({ heartbeat: "1s" });
// @ts-expect-error
SseMiddleware({ heartbeat: 1000 });
// @ts-expect-error
export const error: SseError = new Error();
// @ts-expect-error
export const send: SseSend = { eventName: "a", payload: 1 };
`;
const PROBES = { "probe.mts": PROBE, "probe.cts": PROBE };

/**
 * Compiles a project strictly, with every declaration of the package: those for import and those for
 * require. Errors inside the declarations of Moleculer and moleculer-web are theirs.
 */
async function expectToCompile(project: Project): Promise<void> {
	const options = ["--listFiles", "--pretty", "false"];
	const { output } = await project.run("node_modules/.bin/tsc", ...options);
	expect(output).toContain("node_modules/moleculer-sse/dist/index.d.mts");
	expect(output).toContain("node_modules/moleculer-sse/dist/index.d.cts");
	const errors = output
		.split("\n")
		.filter(line => /error TS\d+/.test(line))
		.filter(line => !/^node_modules\/moleculer(-web)?\//.test(line));
	expect(errors).toEqual([]);
}

/** Creates a project before the tests of a suite, and removes it after them. */
function installed(plan: Plan): () => Project {
	let project: Project;
	beforeAll(async () => {
		project = await Project.create({ ...plan, packages: [tarball, ...plan.packages] });
	});
	afterAll(() => project?.remove());
	return () => project;
}

async function servedPage(origin: string): Promise<string> {
	const response = await fetch(origin);
	return response.text();
}

/** All of the package's names are there, whichever way it is loaded. */
async function expectToLoad(project: Project): Promise<void> {
	const print = 'console.log(Object.keys(sse).filter(name => name !== "__esModule").sort().join())';
	await project.write({
		"import.mjs": `import * as sse from "moleculer-sse"; ${print}`,
		"require.cjs": `const sse = require("moleculer-sse"); ${print}`
	});
	const names = { output: "SseError,SseMiddleware,SseMixin,busState,sseSend\n", end: "code 0" };
	expect(await project.run("import.mjs")).toEqual(names);
	expect(await project.run("require.cjs")).toEqual(names);
}

/** Starts the first example, and ends it. Two visitors order; each hears of the own order alone. */
async function expectToRun(
	project: Project,
	command: string,
	pageOf: (origin: string) => Promise<string>
): Promise<void> {
	const { running, origin } = await project.start(command);
	onTestFinished(() => running.stop());
	await running.waitFor(/ServiceBroker with \d+ service\(s\) started successfully/);

	const html = await pageOf(origin);
	const [one, other] = [new Page(html, origin), new Page(html, origin)];
	onTestFinished(() => {
		one.close();
		other.close();
	});
	await Promise.all([one.opened(), other.opened()]);
	for (const page of [one, other]) {
		await page.click();
		await eventually(() => expect(page.written).toContain("paid"));
	}

	// with both streams open, which it closes over the 5 s of `drain`
	running.kill("SIGTERM");
	await eventually(() => expect(running.ended).toBe("code 0"), { timeout: 15_000 });
	// when their streams have ended, nothing can be on its way to the wrong one any more
	await eventually(() => expect([one, other].filter(page => page.isOpen)).toEqual([]));
	expect([one.written, other.written]).toEqual([["paid"], ["paid"]]);
	expect(running.output).not.toMatch(/\b(WARN|ERROR|FATAL)\b|unhandledRejection/);
}

describe("an ESM project on Moleculer 0.15", () => {
	const project = installed({
		type: "module",
		packages: ["moleculer@^0.15.0", "moleculer-web@^0.11.0"],
		files: FIRST_EXAMPLE
	});

	it("runs the README's first example", () => expectToRun(project(), COMMAND, servedPage));

	it("gives the same by import and by require", () => expectToLoad(project()));
});

describe("an ESM project on the oldest Moleculer that package.json asks for", () => {
	const project = installed({
		type: "module",
		packages: ["moleculer@0.14.12", "moleculer-web@0.10.8"],
		files: {}
	});

	// It is CommonJS alone, and Node finds no names in it but `ServiceBroker`: `import { Errors } from "moleculer"` was a
	// SyntaxError, so that the package could only be required there.
	it("gives the same by import and by require", () => expectToLoad(project()));
});

describe("a CommonJS project on Moleculer 0.14", () => {
	const project = installed({
		type: "commonjs",
		packages: [
			...["moleculer@0.14.36", "moleculer-web@0.10.8"],
			...["typescript@~5.9.0", "@types/node@^22.12.0"]
		],
		files: commonJsExample()
	});

	it("runs the README's first example", () => expectToRun(project(), COMMAND, servedPage));

	it("compiles the README's first example in TypeScript 5", async () => {
		await project().write({ ...typeScriptExample(), ...PROBES, "tsconfig.json": TSCONFIG });
		await expectToCompile(project());
	});
});

describe("a TypeScript project on Moleculer 0.15", () => {
	const project = installed({
		type: "module",
		packages: [
			...["moleculer@^0.15.0", "moleculer-web@^0.11.0"],
			...["typescript@^7.0.0", "@types/node@^24.0.0"]
		],
		files: { ...typeScriptExample(), ...PROBES, "tsconfig.json": TSCONFIG }
	});

	it("compiles the README's first example", () => expectToCompile(project()));

	it("runs it as it is, by Node's own type stripping", () =>
		expectToRun(project(), TYPESCRIPT_COMMAND, async () => PAGE));
});
