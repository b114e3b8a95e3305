import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { provide, type TypeScriptError } from "./provided.ts";

/** `path(line,column): error TS1234: …` */
const LINE = /^(.+)\((\d+),\d+\): (error .*)$/;

/** Once per run: compiles the tests of types. Each test looks for its own errors. */
export default function setup(): void {
	provide("typeErrors", compile("test/types/tsconfig.json"));
}

/** Compiles a TypeScript project, and writes nothing. */
export function compile(project: string): TypeScriptError[] {
	const args = ["node_modules/typescript/bin/tsc", "--project", project, "--pretty", "false"];
	const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
	const errors = stdout.split("\n").flatMap(line => {
		const [, path, at, message] = LINE.exec(line) ?? [];
		if (path === undefined || message === undefined) return [];
		return [{ file: resolve(path), line: Number(at), message }];
	});
	// an error outside of files: of the options, or of the compiler
	if (status !== 0 && errors.length === 0) {
		errors.push({ file: "", line: 0, message: `tsc ended with ${status}: ${stdout}${stderr}` });
	}
	return errors;
}
