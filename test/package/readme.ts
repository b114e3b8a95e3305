import { readFileSync } from "node:fs";
import { codeBlocks, section, snippetOf } from "../support/markdown.ts";

/** Files by their paths. */
export type Files = Readonly<Record<string, string>>;

const README = readFileSync("README.md", "utf8");
const GUIDE = "docs/guide";

/** The files of the first example, as shown in the README. */
export const FIRST_EXAMPLE: Files = filesOf("README.md", "First example");

/** The page of the first example. */
export const PAGE: string = FIRST_EXAMPLE["public/index.html"] ?? "";

/** The command that starts the first example: `moleculer-runner …`. */
export const COMMAND: string = said(/start it with\s+`npx ([^`]+)`/);

/**
 * The first example in CommonJS: its imports and exports rewritten, the rest untouched.
 *
 * `import { A } from "m"` becomes `const { A } = require("m")`, `import A from "m"` becomes `const A = require("m")`, and
 * `export default` becomes `module.exports =`.
 */
export function commonJsExample(): Files {
	return mapScripts(asCommonJs);
}

/** A script with its imports and exports rewritten, see {@link commonJsExample}. */
export function asCommonJs(code: string): string {
	return code
		.replaceAll(/^import (.+) from (".+");$/gm, "const $1 = require($2);")
		.replaceAll(/^export default /gm, "module.exports = ");
}

/** The first example in TypeScript: the guide's typed files instead of the plain ones, and its typed contract. */
export function typeScriptExample(): Files {
	const files = Object.entries(FIRST_EXAMPLE).map(([path, code]) => [
		path.replace(/\.js$/, ".ts"),
		code
	]);
	return {
		...Object.fromEntries(files),
		...filesOf(`${GUIDE}/getting-started.md`, "TypeScript"),
		...filesOf(`${GUIDE}/event-contract.md`, "In TypeScript")
	};
}

/** The first example with the guide's contract on both sides, as the guide says where it goes. */
export function contractExample(): Files {
	const page = `${GUIDE}/event-contract.md`;
	const place = /In the gateway, `([^`]+)` and `([^`]+)`/;
	const [, line = "", mixin = ""] = place.exec(readFileSync(page, "utf8")) ?? [];
	const api = "services/api.service.js";
	const script = `${line};\n${FIRST_EXAMPLE[api]?.replace("SseMixin()", mixin)}`;
	return { ...FIRST_EXAMPLE, ...filesOf(page, "Event contract"), [api]: script };
}

/** The gateway and the service of the logins, by JWT. */
export const JWT_EXAMPLE: Files = filesOf(`${GUIDE}/authentication.md`, "A JWT");

/** The gateway and the chat of moleculer-web's example after the migration. */
export const MIGRATED_EXAMPLE: Files = filesOf(
	`${GUIDE}/migrating.md`,
	"From moleculer-web's example"
);

/** The tests of the first example, in Jest. */
export const GUIDE_TESTS: Files = filesOf(`${GUIDE}/testing.md`, "Jest and Vitest");

/** What these need as ES modules: a configuration, and a file that it names. */
export const GUIDE_MODULES: Files = filesOf(`${GUIDE}/testing.md`, "Jest, as ES modules");

/** How the first of these begins as an ES module. */
export const GUIDE_IMPORTS: string = snippetOf(
	readFileSync(`${GUIDE}/testing.md`, "utf8"),
	"jest-modules"
);

/** The oldest TypeScript that the package's types are for: `5.0`. */
export const OLDEST_TYPESCRIPT: string = said(/TypeScript ≥ (\d+\.\d+)/);

/** The command that starts the first example in TypeScript. */
export const TYPESCRIPT_COMMAND: string = `${COMMAND.replace(
	".config.js",
	".config.ts"
)} --mask **/*.service.ts`;

/** What README says at a place; throws if it no longer says it. */
function said(place: RegExp): string {
	const [, text] = place.exec(README) ?? [];
	if (text === undefined) throw new Error(`README.md does not say ${place}`);
	return text;
}

function mapScripts(transform: (code: string) => string): Record<string, string> {
	return Object.fromEntries(
		Object.entries(FIRST_EXAMPLE).map(([path, code]) => [
			path,
			path.endsWith(".js") ? transform(code) : code
		])
	);
}

function filesOf(page: string, heading: string): Record<string, string> {
	const files = codeBlocks(section(readFileSync(page, "utf8"), heading)).filter(
		({ path }) => path !== undefined
	);
	return Object.fromEntries(files.map(({ path, code }) => [path, code]));
}
