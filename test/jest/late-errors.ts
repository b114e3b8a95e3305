import { AsyncLocalStorage } from "node:async_hooks";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { inspect } from "node:util";

/** Names the folder in which processes of a run write down errors. Named so that tests' own processes do not inherit it. */
const FOLDER = "JEST_LATE_ERRORS";

/** The test file to whose calls and callbacks the running code belongs. */
const currentFile = new AsyncLocalStorage<string>();

/** From here on, what the caller does and what comes of it belongs to a file. */
export function enterFile(path: string): void {
	currentFile.enterWith(path);
}

/** Path of the file whose code runs; undefined if Node has lost trace of it. */
export function fileOfNow(): string | undefined {
	return currentFile.getStore();
}

/** Writes down an error that has come after its file was over. The run fails for it, and its end tells it. */
export function noteLateError(error: unknown): void {
	const path = fileOfNow();
	const file = path === undefined ? "a test file" : relative(process.cwd(), path);
	const text = `${file} has left an error behind: ${inspect(error)}\n`;
	const folder = process.env[FOLDER];
	if (folder !== undefined) {
		appendFileSync(join(folder, `${process.pid}`), text);
		return;
	}
	// Jest's own process, in which tests have run, is about to end, and has told already what there was.
	process.stderr.write(text);
	process.exitCode = 1;
}

/** For the time between files: Jest collects errors while one runs, and else has a worker end by an uncaught one. */
export function listenBetweenFiles(): void {
	process.prependListener("uncaughtException", noteLateError);
	process.on("unhandledRejection", noteLateError);
}

/** What the processes of a run write down. */
export class LateErrors {
	readonly #folder: string = mkdtempSync(join(tmpdir(), "moleculer-sse-late-errors-"));

	constructor() {
		process.env[FOLDER] = this.#folder;
	}

	/** Takes what was written, and ends. */
	take(): string {
		delete process.env[FOLDER];
		const texts = readdirSync(this.#folder).map(name =>
			readFileSync(join(this.#folder, name), "utf8")
		);
		rmSync(this.#folder, { recursive: true });
		return texts.join("");
	}
}
