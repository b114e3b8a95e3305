import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { COMPILED, expectToCompile } from "./compile.ts";
import { installed } from "./installed.ts";
import { expectToInspect, expectToLoad } from "./loading.ts";
import { COMMAND, commonJsExample, OLDEST_TYPESCRIPT, typeScriptExample } from "./readme.ts";
import { expectToSend } from "./repl.ts";
import { npm } from "./run.ts";
import { expectToPassJest } from "./runners.ts";
import { expectToRun, servedPage } from "./running.ts";

describe("a project on the oldest Moleculer that package.json asks for", () => {
	const project = installed({
		type: "commonjs",
		packages: ["moleculer@0.14.12", "moleculer-web@0.10.8", "moleculer-repl@^0.6.4"],
		files: commonJsExample()
	});

	// It is CommonJS alone, and Node finds no names in it but `ServiceBroker`: `import { Errors } from "moleculer"` was a
	// SyntaxError, so that the package could only be required there.
	it("gives the same by import and by require", () => expectToLoad(project()));

	it("serves the inspector, whichever way it is loaded", () => expectToInspect(project()));

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

	it("compiles the guide's first example in the oldest TypeScript", async () => {
		await project().write({ ...typeScriptExample(), ...COMPILED });
		await expectToCompile(project());
	});

	it("passes the guide's tests in Jest 29", () => expectToPassJest(project()));

	it("has `sse send` in its REPL", () => expectToSend(project()));
});

// A node that only sends has no moleculer-web. npm installed the newest there as a required peer, which is for Moleculer 0.15
// alone: so `npm install moleculer-sse` ended in ERESOLVE on each such node of an application on 0.14.
describe("a node on Moleculer 0.14 that only sends", () => {
	const project = installed({
		type: "commonjs",
		packages: ["moleculer@0.14.36", `typescript@~${OLDEST_TYPESCRIPT}.0`, "@types/node@22.12.0"],
		files: COMPILED
	});

	it("needs no moleculer-web to load it", async () => {
		await expectToLoad(project());
		expect(existsSync(join(project().path, "node_modules/moleculer-web"))).toBe(false);
	});

	it("needs none for its types", () => expectToCompile(project()));
});

describe("a CommonJS project on Moleculer 0.15", () => {
	const project = installed({
		type: "commonjs",
		packages: ["moleculer@^0.15.0", "moleculer-web@^0.11.0", "jest@^30.0.0"],
		files: commonJsExample()
	});

	it("passes the guide's tests in Jest 30", () => expectToPassJest(project()));
});

// npm refused to install it beside these: they ask for other releases of a package that neither needs without AMQP.
it.each(["0.14.14", "0.14.20"])("npm installs it beside Moleculer %s", async version => {
	const folder = tempFolder("beside");
	onTestFinished(() => folder.remove());
	const packages = [inject("tarball"), `moleculer@${version}`, "moleculer-web@0.10.8"];
	const flags = ["--dry-run", "--prefer-offline", "--no-audit", "--no-fund"];
	expect(await npm(["install", ...flags, ...packages], folder.path)).toMatch(/added \d+ packages/);
});
