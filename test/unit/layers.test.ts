import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { tempFolder } from "../support/temp-folder.ts";

const folder = tempFolder("layers");
afterAll(() => folder.remove());

/** What is above all folders, as named by a file that many folders below `mixins/sse`. */
function above(depth: number): string[] {
	const root = "../".repeat(depth);
	return [
		`${root}index.ts`,
		`${root}../sse.mixin.ts`,
		`${root}../sse.middleware.ts`,
		"moleculer-sse"
	];
}

/** What the files of a folder of `mixins/sse`, or of another one named from there, may import, and what they may not. */
const RULES: Record<string, { may: string[]; mayNot: string[] }> = {
	"../../client": {
		may: ["./x.ts", "moleculer-sse"],
		mayNot: [
			...["../mixins/sse/index.ts", "../mixins/sse/core/event/x.ts", "../services/events.ts"],
			...["./../mixins/sse.mixin.ts", "moleculer", "eventsource", "node:fs", "node:http"]
		]
	},
	"core/history": {
		may: ["./x.ts", "../event/x.ts"],
		mayNot: [
			...["../../moleculer/x.ts", "../../http/x.ts", "../../streams/x.ts", "../../bus/x.ts"],
			...["../../gateway/x.ts", ...above(2)],
			...["moleculer", "moleculer-web", "cookie", "node:fs", "node:http"],
			...["./../../http/x.ts", "../../../sse/http/x.ts", "../event/../../http/x.ts"]
		]
	},
	moleculer: {
		may: ["./x.ts", "./broadcast/x.ts", "../core/event/x.ts", "moleculer"],
		mayNot: [
			...["../http/x.ts", "../streams/x.ts", "../bus/x.ts", "../gateway/x.ts", ...above(1)],
			...["moleculer-web", "amqplib", "cookie", "node:fs", "node:http"],
			...["../core/../http/x.ts", "../core/../index.ts", "./../index.ts", "./../http/x.ts"]
		]
	},
	"moleculer/broadcast": {
		may: ["./x.ts", "../x.ts", "../sender/x.ts", "../../core/event/x.ts", "moleculer"],
		mayNot: [
			...["../../http/x.ts", "../../bus/x.ts", "../../gateway/x.ts", ...above(2)],
			...["moleculer-web", "amqplib", "cookie", "node:fs", "node:http"],
			...["../../core/../http/x.ts", "../../core/../index.ts", "../sender/../../http/x.ts"]
		]
	},
	http: {
		may: [
			...["./x.ts", "./http1/x.ts", "../core/event/x.ts"],
			...["node:http", "node:https", "node:http2", "node:zlib", "node:diagnostics_channel"]
		],
		mayNot: [
			...["../moleculer/x.ts", "../streams/x.ts", "../bus/x.ts", "../gateway/x.ts", ...above(1)],
			...["moleculer", "moleculer-web", "cookie", "node:fs"],
			...["../core/../gateway/x.ts", "./../index.ts"]
		]
	},
	"http/encoding": {
		may: ["./x.ts", "../x.ts", "../http1/x.ts", "../../core/event/x.ts", "node:zlib"],
		mayNot: [
			...["../../moleculer/x.ts", "../../streams/x.ts", "../../bus/x.ts", "../../gateway/x.ts"],
			...[...above(2), "moleculer", "moleculer-web", "cookie", "node:fs"],
			...["../../core/../gateway/x.ts", "../http1/../../streams/x.ts"]
		]
	},
	streams: {
		may: ["./x.ts", "../core/event/x.ts", "../http/x.ts", "../http/encoding/x.ts"],
		mayNot: [
			...["../moleculer/x.ts", "../bus/x.ts", "../gateway/x.ts", ...above(1)],
			...["moleculer", "moleculer-web", "cookie", "node:fs", "node:http"],
			...["../core/../gateway/x.ts", "../http/../gateway/x.ts", "../http/../index.ts"]
		]
	},
	bus: {
		may: [
			...["./x.ts", "../core/event/x.ts", "../moleculer/x.ts", "../moleculer/broadcast/x.ts"],
			...["moleculer", "node:crypto"]
		],
		mayNot: [
			...["./moleculer/x.ts", "./rabbitmq/x.ts"],
			...["../http/x.ts", "../streams/x.ts", "../gateway/x.ts", ...above(1)],
			...["./../http/x.ts", "../core/../http/x.ts", "../../sse/gateway/x.ts"],
			...["../../../services/x.service.ts"]
		]
	},
	"bus/rabbitmq": {
		may: [
			...["./x.ts", "../x.ts", "../../core/event/x.ts", "../../moleculer/x.ts"],
			...["../../moleculer/broadcast/x.ts", "moleculer", "amqplib", "node:crypto"]
		],
		mayNot: [
			...["../moleculer/x.ts", "../moleculer/tracking/x.ts"],
			...["../../http/x.ts", "../../streams/x.ts", "../../gateway/x.ts", ...above(2)],
			...["./../moleculer/x.ts", "../../core/../http/x.ts", "../../../sse/gateway/x.ts"]
		]
	},
	"bus/rabbitmq/receiver": {
		may: [
			...["./x.ts", "../x.ts", "../../x.ts", "../../../core/event/x.ts"],
			...["../../../moleculer/x.ts", "moleculer", "amqplib"]
		],
		mayNot: [
			...["../../moleculer/x.ts", "../../moleculer/tracking/x.ts"],
			...["../../../http/x.ts", "../../../streams/x.ts", "../../../gateway/x.ts", ...above(3)],
			...["../sender/../../moleculer/x.ts", "../../../core/../gateway/x.ts"]
		]
	},
	"bus/moleculer": {
		may: ["./x.ts", "./sender/x.ts", "../x.ts", "../../core/event/x.ts", "../../moleculer/x.ts"],
		mayNot: [
			"../rabbitmq/x.ts",
			...["../../http/x.ts", "../../streams/x.ts", "../../gateway/x.ts", ...above(2)],
			...["./sender/../../rabbitmq/x.ts", "../../moleculer/../gateway/x.ts"]
		]
	},
	"bus/moleculer/discovery": {
		may: [
			...["./x.ts", "../x.ts", "../tracking/x.ts", "../../x.ts", "../../../core/event/x.ts"],
			...["../../../moleculer/x.ts", "../../../moleculer/transporter/x.ts", "moleculer"]
		],
		mayNot: [
			"../../rabbitmq/x.ts",
			...["../../../http/x.ts", "../../../streams/x.ts", "../../../gateway/x.ts", ...above(3)],
			...["../tracking/../../rabbitmq/x.ts", "../../../core/../gateway/x.ts"]
		]
	},
	"bus/moleculer/tracking": {
		may: ["./x.ts", "../position-report.ts", "../../loss.ts", "../../../core/event/x.ts"],
		mayNot: [
			...["../x.ts", "../discovery/x.ts", "../receiver/x.ts", "../../x.ts", "../../rabbitmq/x.ts"],
			...["../../../moleculer/x.ts", "../../../gateway/x.ts", ...above(3)],
			...["moleculer", "node:fs", "node:http", "../../../core/../gateway/x.ts"]
		]
	},
	gateway: {
		may: [
			...["./x.ts", "./auth/x.ts", "../core/event/x.ts", "../moleculer/x.ts"],
			...["../moleculer/broadcast/x.ts", "../http/x.ts", "../http/http2/x.ts", "../streams/x.ts"],
			...["../bus/x.ts", "moleculer", "cookie", "node:crypto"]
		],
		mayNot: [
			...["../bus/moleculer/x.ts", "../bus/rabbitmq/x.ts", "../bus/moleculer/tracking/x.ts"],
			...["../inspection/x.ts", ...above(1)],
			...["./../index.ts", "../core/../index.ts", "../http/../index.ts", "../../sse/index.ts"],
			...["../../../services/x.service.ts"]
		]
	},
	"gateway/auth": {
		may: [
			...["./x.ts", "../x.ts", "../route/x.ts", "../../core/event/x.ts", "../../moleculer/x.ts"],
			...["../../http/x.ts", "../../streams/x.ts", "../../bus/x.ts", "moleculer", "cookie"]
		],
		mayNot: [
			...["../../bus/moleculer/x.ts", "../../bus/rabbitmq/x.ts", ...above(2)],
			...["../route/../../index.ts", "../../core/../index.ts", "../../../sse/index.ts"]
		]
	},
	inspection: {
		may: [
			...["./x.ts", "./why/x.ts", "../core/event/x.ts", "../moleculer/x.ts"],
			...["../moleculer/sender/x.ts", "../streams/x.ts", "../bus/x.ts", "../gateway/x.ts"],
			...["../gateway/delivery/x.ts", "moleculer", "node:crypto"]
		],
		mayNot: [
			...["../http/x.ts", "../bus/moleculer/x.ts", "../bus/rabbitmq/x.ts", ...above(1)],
			...["../gateway/../index.ts", "../core/../http/x.ts", "../../../services/x.service.ts"]
		]
	}
};

/** Every form that imports another module. */
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
/** Forms that `noRestrictedImports` does not see; a rule of the project's own refuses them outright. */
const BLIND: Record<string, (specifier: string) => string> = {
	"an import in a type": from => `export type X = import("${from}").X;`,
	"the type of an import": from => `export type X = typeof import("${from}");`
};

const DIRECTION = "lint/style/noRestrictedImports";

const files = new Map<string, string>();

/** Notes a file of one line, to be written and linted together with all others; returns its path. */
function file(layer: string, text: string): string {
	const path = posix.join("mixins/sse", layer, `file-${files.size}.ts`);
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
	const { stdout, stderr } = spawnSync(
		process.execPath,
		[biome, "lint", ...options, "mixins", "client"],
		{
			cwd: folder.path,
			encoding: "utf8",
			maxBuffer: 1 << 26
		}
	);
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
