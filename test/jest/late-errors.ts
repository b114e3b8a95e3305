import { AsyncLocalStorage } from "node:async_hooks";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { inspect } from "node:util";

/** Names the folder in which processes of a run record errors. Named so that tests' own processes do not inherit it. */
const FOLDER = "JEST_LATE_ERRORS";

/** The test file to whose calls and callbacks the running code belongs. */
const currentFile = new AsyncLocalStorage<string>();

/** From here on, what the caller does and what results from it belongs to a file. */
export function enterFile(path: string): void {
	currentFile.enterWith(path);
}

/** Path of the file whose code runs; undefined if Node has lost track of it. */
export function fileOfNow(): string | undefined {
	return currentFile.getStore();
}

/** Records an error that occurred after its file was over. The run fails for it, and reports it at its end. */
export function noteLateError(error: unknown): void {
	const path = fileOfNow();
	const file = path === undefined ? "a test file" : relative(process.cwd(), path);
	const text = `${file} has left an error behind: ${inspect(error)}\n`;
	const folder = process.env[FOLDER];
	if (folder !== undefined) {
		appendFileSync(join(folder, `${process.pid}`), text);
		return;
	}
	// Jest's own process, in which tests have run, is about to end, and has already reported what there was.
	process.stderr.write(text);
	process.exitCode = 1;
}

/** For the time between files: Jest collects errors while one runs, and otherwise an uncaught one ends a worker. */
export function listenBetweenFiles(): void {
	process.prependListener("uncaughtException", noteLateError);
	process.on("unhandledRejection", noteLateError);
}

/** What the processes of a run record. */
export class LateErrors {
	readonly #folder: string = mkdtempSync(join(tmpdir(), "moleculer-sse-late-errors-"));

	constructor() {
		process.env[FOLDER] = this.#folder;
	}

	/** Returns what was recorded, and ends. */
	take(): string {
		delete process.env[FOLDER];
		const texts = readdirSync(this.#folder).map(name =>
			readFileSync(join(this.#folder, name), "utf8")
		);
		rmSync(this.#folder, { recursive: true });
		return texts.join("");
	}
}
