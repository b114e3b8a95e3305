import { readFileSync } from "node:fs";
import { codeBlocks, section } from "../support/markdown.ts";

/** Files by their paths. */
export type Files = Readonly<Record<string, string>>;

const README = readFileSync("README.md", "utf8");

/** The files of the first example, as they stand in the README. */
export const FIRST_EXAMPLE: Files = filesOf("First example");

/** The page of the first example. */
export const PAGE: string = FIRST_EXAMPLE["public/index.html"] ?? "";

/** What starts the first example: `moleculer-runner …`. */
export const COMMAND: string = found(/start it with\s+`npx ([^`]+)`/i);

/**
 * The first example in CommonJS: its imports and exports rewritten, the rest untouched.
 *
 * `import { A } from "m"` becomes `const { A } = require("m")`, `import A from "m"` becomes
 * `const A = require("m")`, and `export default` becomes `module.exports =`.
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

/** The first example in TypeScript: the README's typed files in place of the plain ones, and its typed contract. */
export function typeScriptExample(): Files {
	const files = Object.entries(FIRST_EXAMPLE).map(([path, code]) => [
		path.replace(/\.js$/, ".ts"),
		code
	]);
	return { ...Object.fromEntries(files), ...filesOf("TypeScript"), ...filesOf("Event contract") };
}

/** The gateway and the service of the logins, by JWT. */
export const JWT_EXAMPLE: Files = filesOf("A JWT");

/** The tests of the first example, in Jest. */
export const README_TESTS: Files = filesOf("Jest and Vitest");

/** The oldest TypeScript that the package's types are for: `5.0`. */
export const OLDEST_TYPESCRIPT: string = found(/TypeScript ≥ (\d+\.\d+)/);

/** What starts the first example in TypeScript. */
export const TYPESCRIPT_COMMAND: string = `${COMMAND.replace(
	".config.js",
	".config.ts"
)} --mask **/*.service.ts`;

/** What README says, in the first group of an expression. */
function found(said: RegExp): string {
	const [, text] = said.exec(README) ?? [];
	if (text === undefined) throw new Error(`README does not say ${said}`);
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

function filesOf(heading: string): Record<string, string> {
	const files = codeBlocks(section(README, heading)).filter(({ path }) => path !== undefined);
	return Object.fromEntries(files.map(({ path, code }) => [path, code]));
}
