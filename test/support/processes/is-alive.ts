import { readFileSync } from "node:fs";

/** Whether a process runs; one that has ended and was not reaped yet does not. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
	} catch {
		return false;
	}
	try {
		return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
	} catch {
		// no /proc on this system, or gone since
		return process.platform !== "linux";
	}
}
