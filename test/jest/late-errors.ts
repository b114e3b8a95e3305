import { AsyncLocalStorage } from "node:async_hooks";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { inspect } from "node:util";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

/** Names the folder in which processes of a run record errors. Named so that tests' own processes do not inherit it. */
const FOLDER = "JEST_LATE_ERRORS";

/** The test file to whose calls and callbacks the running code belongs. */
const currentFile = new AsyncLocalStorage<string>();

/** Path of the file that this process has begun last. */
let lastFile: string | undefined;

/** From here on, what the caller does and what results from it belongs to a file. */
export function enterFile(path: string): void {
	lastFile = path;
	currentFile.enterWith(path);
}

/** Path of the file whose code runs; undefined if Node has lost track of it. */
export function fileOfNow(): string | undefined {
	return currentFile.getStore();
}

/** Records an error that occurred after its file was over. The run fails for it, and reports it at its end. */
export function noteLateError(error: unknown): void {
	noteInRun(`has left an error behind: ${inspect(error)}`);
}

/** Records what a file has done, by default that whose code runs. The run fails for it, and reports it at its end. */
export function noteInRun(what: string, path: string | undefined = fileOfNow()): void {
	const file = path === undefined ? "a test file" : relative(process.cwd(), path);
	const text = `${file} ${what}`;
	const folder = process.env[FOLDER];
	if (folder !== undefined) {
		appendFileSync(join(folder, `${process.pid}`), `${JSON.stringify(text)}\n`);
		return;
	}
	// Jest's own process, in which tests have run, is about to end, and has already reported what there was.
	process.stderr.write(`${text}\n`);
	process.exitCode = 1;
}

/** For the time between files: Jest collects errors while one runs, and otherwise an uncaught one ends a worker. */
export function listenBetweenFiles(): void {
	process.prependListener("uncaughtException", noteLateError);
	process.on("unhandledRejection", noteRejection);
	process.on("exit", noteExit);
}

function noteRejection(error: unknown): void {
	if (!(error instanceof Error && /[/\\]jest-worker[/\\]/.test(error.stack ?? ""))) {
		noteLateError(error);
		return;
	}
	// Jest's own process waits for a result that its worker could not send, for as long as there is this one
	noteInRun(`has results that cannot be sent: ${inspect(error)}`, lastFile);
	endForGood();
}

/** Ends this process in the only way after which Jest does not run its file again. */
export function endForGood(): void {
	process.kill(process.pid, "SIGKILL");
}

/** Jest runs a file again whose process has exited with an error, be it the fault of another one, and forgets one between files. */
function noteExit(code: number): void {
	// a process that Jest ends, or that has nothing more to do, runs no file's code
	if (fileOfNow() === undefined) return;
	const { stack = "" } = new Error();
	const [, ...calls] = stack.split("\n");
	noteInRun(`has ended its process, with code ${code}:\n${calls.join("\n")}`);
}

/** What the processes of a run record. */
export class LateErrors {
	/** It goes with this process: a run may be killed. */
	readonly #folder: TempFolder = tempFolder("late-errors");

	constructor() {
		process.env[FOLDER] = this.#folder.path;
	}

	/** Returns what was recorded, each beginning with its file, and ends. */
	async take(): Promise<readonly string[]> {
		delete process.env[FOLDER];
		const { path } = this.#folder;
		const lines = readdirSync(path).flatMap(name =>
			readFileSync(join(path, name), "utf8").trimEnd().split("\n")
		);
		await this.#folder.remove();
		return lines.map(line => JSON.parse(line));
	}
}
