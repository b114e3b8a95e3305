import { spawnSync } from "node:child_process";

/**
 * Shell text that becomes the program `$1`… with `$0` open files allowed. If that is refused, Node itself takes all that it may
 * have.
 */
export const RAISE_LIMIT = 'ulimit -n "$0" 2>/dev/null; exec "$@"';

/** The number of open files that a process can have here, if it wants that many. */
export function openFileLimit(wanted: number): number {
	const script = 'ulimit -n "$0" 2>/dev/null || ulimit -n "$(ulimit -Hn)"; ulimit -n';
	const { stdout } = spawnSync("sh", ["-c", script, String(wanted)], { encoding: "utf8" });
	const limit = stdout.trim();
	return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Open files that a server with streams needs besides them. */
const SPARE = 500;

/** The most streams, up to those wanted, that one process can hold here. */
export function streamsPossible(wanted: number): number {
	return Math.min(wanted, Math.floor((openFileLimit(wanted + SPARE) - SPARE) / 500) * 500);
}
