import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { eventually } from "../eventually.ts";
import { guard } from "../guard.ts";

/** Where and with what environment a process runs. */
export interface ProcessOptions {
	/** Added to the runner's own environment; with `bareEnv` it is the whole environment. `undefined` removes. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly bareEnv?: boolean;
	readonly cwd?: string;
}

/** Bytes of output that are kept: enough for any test, bounded for a broker's log. */
const KEPT = 1 << 20;
/** Lines shown in an error. */
const SHOWN = 40;

/**
 * A real process in a process group of its own, with its output captured.
 *
 * Its whole group ends when it ends, when it is stopped, and when the runner is gone.
 */
export class RunningProcess {
	readonly pid: number;
	/** Resolves when it has ended and its output is complete: `code 0`, `signal SIGKILL`. */
	readonly exited: Promise<string>;

	readonly #title: string;
	readonly #child: ChildProcessWithoutNullStreams;
	readonly #changed: EventEmitter = new EventEmitter().setMaxListeners(0);
	#output = "";
	#end: string | null = null;

	constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
		this.#title = [command, ...args].join(" ");
		this.#child = spawn(command, args, {
			detached: true,
			env: environment(options),
			...(options.cwd === undefined ? {} : { cwd: options.cwd })
		});
		this.pid = this.#child.pid ?? 0;
		const release = guard('kill -s KILL -- "-$1"', String(this.pid));
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			stream.setEncoding("utf8").on("data", (text: string) => {
				this.#output = (this.#output + text).slice(-KEPT);
				this.#changed.emit("change");
			});
		}
		this.#child.stdin.on("error", () => {});
		this.exited = new Promise(resolve => {
			const end = (how: string) => {
				this.#end ??= how;
				release();
				this.#changed.emit("change");
				resolve(this.#end);
			};
			this.#child.once("error", error => end(error.message));
			// what it left behind in its group ends with it, or else "close" might never come
			this.#child.once("exit", () => this.kill("SIGKILL"));
			this.#child.once("close", (code, signal) => {
				end(signal === null ? `code ${code}` : `signal ${signal}`);
			});
		});
	}

	/** What it has written to stdout and stderr so far, at most the last MiB. */
	get output(): string {
		return this.#output;
	}

	/** How it ended, or null while it runs. */
	get ended(): string | null {
		return this.#end;
	}

	/**
	 * Resolves with the first match of `pattern` in the output, past or future.
	 *
	 * Rejects, showing the output, after `timeout` ms (default 20000) or when it ends without a match.
	 */
	waitFor(pattern: RegExp, timeout = 20_000): Promise<RegExpMatchArray> {
		const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
		const check = () => {
			const match = this.#output.match(pattern);
			if (match) resolve(match);
			else if (this.#end !== null) reject(this.failure(`ended before it printed ${pattern}`));
		};
		const timer = setTimeout(() => {
			reject(this.failure(`did not print ${pattern} within ${timeout} ms`));
		}, timeout);
		this.#changed.on("change", check);
		check();
		return promise.finally(() => {
			clearTimeout(timer);
			this.#changed.off("change", check);
		});
	}

	/**
	 * Resolves when `probe` does not reject, tried every 100 ms: when a server serves.
	 *
	 * Rejects, showing the output, after `timeout` ms or when the process ends first.
	 */
	async untilReady(probe: () => Promise<unknown>, timeout: number): Promise<void> {
		const ended = this.exited.then(() => {
			throw new Error("ended");
		});
		try {
			await Promise.race([eventually(probe, { timeout, interval: 100 }), ended]);
		} catch (error) {
			throw this.failure(`did not come up: ${(error as Error).message}`);
		}
	}

	/** Writes to its stdin. */
	write(text: string): void {
		this.#child.stdin.write(text);
	}

	/** Sends a signal to its whole group; SIGSTOP and SIGCONT pause and resume it. */
	kill(signal: NodeJS.Signals): void {
		if (this.pid === 0 || this.#end !== null) return;
		try {
			process.kill(-this.pid, signal);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
		}
	}

	/** Asks it to end (SIGTERM), waits `grace` ms (default 5000), then ends it (SIGKILL). */
	async stop(grace = 5_000): Promise<void> {
		this.kill("SIGTERM");
		this.kill("SIGCONT");
		const timer = setTimeout(() => this.kill("SIGKILL"), grace);
		await this.exited;
		clearTimeout(timer);
	}

	/** An error about this process that shows its state and the last lines of its output. */
	failure(what: string): Error {
		const state = this.#end === null ? "running" : `ended with ${this.#end}`;
		const lines = this.#output.trimEnd().split("\n").slice(-SHOWN).join("\n");
		return new Error(`${this.#title} (${state}) ${what}; its output:\n${lines || "(none)"}`);
	}
}

/** Starts any command. */
export function spawnProcess(
	command: string,
	args: readonly string[] = [],
	options: ProcessOptions = {}
): RunningProcess {
	return new RunningProcess(command, args, options);
}

const STRIP = "--experimental-strip-types";

/** Flags with which a Node.js before 22.18 runs `.ts` files silently, if this one was given them. */
const STRIP_TYPES: readonly string[] =
	process.features.typescript && !process.execArgv.includes(STRIP)
		? []
		: [STRIP, "--disable-warning=ExperimentalWarning"];

/** Starts a script, `.ts` or not, with the Node that runs the tests. */
export function spawnNode(
	script: string,
	args: readonly string[] = [],
	options: ProcessOptions = {}
): RunningProcess {
	return new RunningProcess(process.execPath, [...STRIP_TYPES, script, ...args], options);
}

/** The child must not take itself for a test: the runner's own variables are removed. */
function environment({ env = {}, bareEnv = false }: ProcessOptions): NodeJS.ProcessEnv {
	const inherited = Object.entries(process.env).filter(
		([name]) => !name.startsWith("JEST") && name !== "NODE_ENV"
	);
	return { ...(bareEnv ? {} : Object.fromEntries(inherited)), ...env };
}
