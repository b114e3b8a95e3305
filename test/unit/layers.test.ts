import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { tempFolder } from "../support/temp-folder.ts";

const folder = tempFolder("layers");
afterAll(() => folder.remove());

const ABOVE = ["../index.ts", "../../sse.mixin.ts", "../../sse.middleware.ts", "moleculer-sse"];

/** What the files of the folders of `mixins/sse` may import, and what they may not. */
const RULES: Record<string, { may: string[]; mayNot: string[] }> = {
	core: {
		may: ["./x.ts"],
		mayNot: [
			...["../moleculer/x.ts", "../http/x.ts", "../bus/x.ts", "../gateway/x.ts", ...ABOVE],
			...["moleculer", "moleculer-web", "cookie", "node:fs", "node:http"],
			...["./../http/x.ts", "../../sse/http/x.ts", "./a/../../http/x.ts"]
		]
	},
	moleculer: {
		may: ["./x.ts", "../core/x.ts", "moleculer"],
		mayNot: [
			...["../http/x.ts", "../bus/x.ts", "../gateway/x.ts", ...ABOVE],
			...["moleculer-web", "amqplib", "cookie", "node:fs", "node:http"],
			...["../core/../http/x.ts"]
		]
	},
	http: {
		may: [
			...["./x.ts", "../core/x.ts", "node:http", "node:https", "node:http2", "node:zlib"],
			"node:diagnostics_channel"
		],
		mayNot: [
			...["../moleculer/x.ts", "../bus/x.ts", "../gateway/x.ts", ...ABOVE],
			...["moleculer", "moleculer-web", "cookie", "node:fs"],
			...["../core/../gateway/x.ts"]
		]
	},
	bus: {
		may: ["./x.ts", "../core/x.ts", "../moleculer/x.ts", "moleculer", "amqplib", "node:crypto"],
		mayNot: [
			...["../http/x.ts", "../gateway/x.ts", ...ABOVE],
			...["./../http/x.ts", "../core/../http/x.ts", "../../sse/gateway/x.ts"],
			...["../../../services/x.service.ts"]
		]
	},
	gateway: {
		may: [
			...["./x.ts", "../core/x.ts", "../moleculer/x.ts", "../http/x.ts", "../bus/x.ts"],
			...["moleculer", "cookie", "node:crypto"]
		],
		mayNot: [
			...ABOVE,
			...["./../index.ts", "../core/../index.ts", "../../sse/index.ts"],
			...["../../../services/x.service.ts"]
		]
	}
};

/** Every form that brings in another module. */
const FORMS: Record<string, (specifier: string) => string> = {
	"a named import": from => `import { x } from "${from}";\nconsole.log(x);`,
	"a default import": from => `import x from "${from}";\nconsole.log(x);`,
	"a namespace import": from => `import * as x from "${from}";\nconsole.log(x);`,
	"a bare import": from => `import "${from}";`,
	"a type import": from => `import type { X } from "${from}";\nexport const x: X = 1;`,
	"an inline type import": from => `import { type X } from "${from}";\nexport const x: X = 1;`,
	"a re-export": from => `export { x } from "${from}";`,
	"a re-export of everything": from => `export * from "${from}";`,
	"a re-exported type": from => `export type { X } from "${from}";`,
	"a dynamic import": from => `export const x = await import("${from}");`
};
/** Forms that `noRestrictedImports` is blind to; a rule of the project's own refuses them outright. */
const BLIND: Record<string, (specifier: string) => string> = {
	"an import in a type": from => `export type X = import("${from}").X;`,
	"the type of an import": from => `export type X = typeof import("${from}");`
};

const DIRECTION = "lint/style/noRestrictedImports";

const files = new Map<string, string>();

/** Notes a file of one line, to be written and linted with all others; answers its path. */
function file(layer: string, text: string): string {
	const path = `mixins/sse/${layer}/file-${files.size}.ts`;
	files.set(path, `${text}\n`);
	return path;
}

/** Writes all files and lints them in one run: the errors of each, by their rules. */
function lint(): Map<string, string[]> {
	for (const shared of ["biome.json", ".biome", "package.json"]) {
		cpSync(shared, join(folder.path, shared), { recursive: true });
	}
	for (const [path, text] of files) {
		mkdirSync(dirname(join(folder.path, path)), { recursive: true });
		writeFileSync(join(folder.path, path), text);
	}
	const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
	const options = ["--reporter=json", "--max-diagnostics=none", "--vcs-enabled=false"];
	const { stdout, stderr } = spawnSync(process.execPath, [biome, "lint", ...options, "mixins"], {
		cwd: folder.path,
		encoding: "utf8",
		maxBuffer: 1 << 26
	});
	if (!stdout.startsWith("{")) throw new Error(`Biome did not report: ${stderr}`);

	const errors = new Map<string, string[]>([...files.keys()].map(path => [path, []]));
	const { diagnostics } = JSON.parse(stdout) as {
		diagnostics: { category: string; severity: string; location: { path: string } }[];
	};
	for (const { category, severity, location } of diagnostics) {
		if (severity === "error") errors.get(location.path)?.push(category);
	}
	return errors;
}

/** One file for each form of import. */
function everyForm(layer: string, specifier: string): { form: string; path: string }[] {
	return Object.entries(FORMS).map(([form, write]) => ({
		form,
		path: file(layer, write(specifier))
	}));
}

let errors: Map<string, string[]>;
// the tests are collected by now, and their files noted
beforeAll(() => {
	errors = lint();
});

/** Which of the rules that guard the layers refuse a file. */
function refusals(path: string): string[] {
	const guards = [DIRECTION, "plugin"];
	return [...new Set(errors.get(path)?.filter(rule => guards.includes(rule)))];
}

describe.each(Object.entries(RULES))("%s", (layer, { may, mayNot }) => {
	for (const specifier of may) {
		const files = everyForm(layer, specifier);
		it(`may import ${specifier}`, () => {
			expect(files.filter(({ path }) => refusals(path).length > 0)).toEqual([]);
		});
	}

	for (const specifier of mayNot) {
		const files = everyForm(layer, specifier);
		it(`may not import ${specifier}, in whatever form`, () => {
			expect(files.filter(({ path }) => !refusals(path).includes(DIRECTION))).toEqual([]);
		});
	}

	it.each(
		Object.entries(BLIND).map(([form, write]) => [form, file(layer, write("../index.ts"))] as const)
	)("may not hide an import in %s", (_, path) => {
		expect(refusals(path)).toEqual(["plugin"]);
	});
});
