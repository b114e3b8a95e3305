import { spawn } from "node:child_process";

/**
 * Runs a shell command when this process is gone, however it ended: normally, by a signal, by a crash.
 *
 * Handlers of `exit` and of signals miss SIGKILL, and a test runner ends its workers with it. So a shell waits on a pipe whose
 * other end is this process: the end of the pipe is the end of the process.
 *
 * @param command shell text; its arguments are `$1`, `$2`, …
 * @returns `release`, for when there is nothing left to clean up
 */
export function guard(command: string, ...args: string[]): () => void {
	const shell = spawn("sh", ["-c", `read -r released || { ${command}; }`, "guard", ...args], {
		// its own session: the terminal's ^C must not end it before its work
		detached: true,
		stdio: ["pipe", "ignore", "ignore"]
	});
	shell.on("error", () => {});
	shell.stdin.on("error", () => {});
	shell.unref();
	const pipe = shell.stdin as typeof shell.stdin & { unref?(): void };
	pipe.unref?.();
	return () => shell.stdin.end("released\n");
}
