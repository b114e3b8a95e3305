import { rmSync, writeFileSync } from "node:fs";
import { ownFile, type RunFolder } from "./run-folder.ts";

/** What Jest sends its workers when they have to end, and when a file is over: whether they hold too much. */
const CHILD_MESSAGE_END = 2;
const CHILD_MESSAGE_MEM_USAGE = 3;

/** A part of the limit: Jest's measure is of another moment. */
const NEARLY = 0.8;

/** Bytes above which Jest replaces a worker, by a signal. */
let limit: number = Number.POSITIVE_INFINITY;

/** Perhaps only when the next file has begun, which then runs again in another process. */
let isBeingReplaced = false;

/**
 * Records that this process lives, and which file it has begun last. Jest does not notice a worker that dies between files, and
 * runs a file again if its worker dies with an exit code: neither would be told if it is by a signal, or by `process.reallyExit`,
 * before which nothing is called.
 *
 * @param idleLimit bytes above which Jest replaces a worker; undefined if it does not
 */
export function recordLife(file: string, idleLimit: number | undefined): void {
	limit = idleLimit ?? Number.POSITIVE_INFINITY;
	const path = ownFile("alive");
	if (path !== undefined && !isBeingReplaced) writeFileSync(path, file);
}

/** For an end that is in order, or that is recorded otherwise. */
export function endLife(): void {
	const path = ownFile("alive");
	if (path !== undefined) rmSync(path, { force: true });
}

/** Jest ends its workers by a message, and those that hold too much by a signal that it sends after a message. */
export function listenForEnd(): void {
	// what runs tests in Jest's own process has no parent
	if (process.send === undefined) return;
	process.on("message", hear);
}

function hear(message: unknown): void {
	const [kind] = [message].flat();
	if (kind === CHILD_MESSAGE_END) {
		endLife();
		// or else this process would not end
		process.removeListener("message", hear);
	} else if (kind === CHILD_MESSAGE_MEM_USAGE) {
		isBeingReplaced = process.memoryUsage().heapUsed > NEARLY * limit;
		if (isBeingReplaced) endLife();
	}
}

/** What is to be said of processes that have died. */
export function deaths(folder: RunFolder): string[] {
	return folder
		.read("alive")
		.filter(([pid]) => !isRunning(pid))
		.map(([, file]) => `${file} was the last file of a process that died without a word`);
}

/** Like Jest's own process, and the workers of a run that ends early. */
function isRunning(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
