import { delimiter, dirname } from "node:path";
import { type RunningProcess, spawnNode, spawnProcess } from "../support/processes/process.ts";

const MINUTE = 60_000;

/** Runs npm, with the Node that runs the tests, and returns what it printed. Rejects if it fails. */
export function npm(args: readonly string[], cwd: string): Promise<string> {
	const PATH = dirname(process.execPath) + delimiter + process.env.PATH;
	return finish(spawnProcess("npm", args, { cwd, env: { PATH } }));
}

/** Runs a script with the Node that runs the tests, and returns what it printed. Rejects if it fails. */
export function node(script: string, args: readonly string[], cwd: string): Promise<string> {
	return finish(spawnNode(script, args, { cwd }));
}

/** How a process ends; it is killed if it takes more than two minutes. */
export async function bounded(running: RunningProcess): Promise<string> {
	const late = setTimeout(() => running.kill("SIGKILL"), 2 * MINUTE);
	const end = await running.exited;
	clearTimeout(late);
	return end;
}

async function finish(running: RunningProcess): Promise<string> {
	if ((await bounded(running)) !== "code 0") throw running.failure("failed");
	return running.output;
}
