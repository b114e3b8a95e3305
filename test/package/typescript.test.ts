import { describe, it } from "@jest/globals";
import { COMPILED, expectToCompile } from "./compile.ts";
import { installed } from "./installed.ts";
import { PAGE, TYPESCRIPT_COMMAND, typeScriptExample } from "./readme.ts";
import { expectToPassTsJest } from "./runners.ts";
import { expectToRun } from "./running.ts";

describe("a TypeScript project on Moleculer 0.15", () => {
	const project = installed({
		type: "module",
		packages: [
			...["moleculer@^0.15.0", "moleculer-web@^0.11.0"],
			...["typescript@^7.0.0", "@types/node@^24.0.0"]
		],
		files: { ...typeScriptExample(), ...COMPILED }
	});

	it("compiles the guide's first example in the newest TypeScript", () =>
		expectToCompile(project()));

	it("runs it directly, by Node's own type stripping", () =>
		expectToRun(project(), TYPESCRIPT_COMMAND, async () => PAGE));
});

describe("a CommonJS project in TypeScript, on Moleculer 0.15", () => {
	const project = installed({
		type: "commonjs",
		packages: [
			...["moleculer@^0.15.0", "moleculer-web@^0.11.0", "jest@^30.0.0", "ts-jest@^29.4.0"],
			...["typescript@~5.9.0", "@types/node@^22.12.0", "@types/jest@^30.0.0"]
		],
		files: typeScriptExample()
	});

	it("passes the guide's tests in Jest 30, by ts-jest", () => expectToPassTsJest(project()));
});
