import { type ProcessOptions, type RunningProcess, spawnProcess } from "./process.ts";

/** A program on a pseudo-terminal, as a person at a shell has it. */
export interface Terminal {
	readonly process: RunningProcess;
	/** What was shown since the last command was typed, without colours and cursor movements. */
	screen(): string;
	/** Types a line and Enter. */
	type(line: string): void;
	/** Presses a key, as the terminal sends it. */
	press(key: string): void;
	/** Resolves when `pattern` is shown after the last typed line. */
	shows(pattern: RegExp, timeout?: number): Promise<void>;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is stripped
const CONTROL = /\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r/g;

/**
 * Runs a command under `script`, which every Linux and BSD has, so that it finds a terminal.
 *
 * @param command a shell command
 */
export function openTerminal(command: string, options: ProcessOptions = {}): Terminal {
	const args =
		process.platform === "linux"
			? ["-qefc", command, "/dev/null"]
			: ["-q", "/dev/null", "sh", "-c", command];
	const running = spawnProcess("script", args, {
		...options,
		env: { TERM: "xterm", COLUMNS: "400", ...options.env }
	});
	let from = 0;
	const screen = () => running.output.slice(from).replace(CONTROL, "");
	return {
		process: running,
		screen,
		type(line) {
			from = running.output.length;
			running.write(`${line}\r`);
		},
		press: key => running.write(key),
		async shows(pattern, timeout = 20_000) {
			const deadline = performance.now() + timeout;
			while (!pattern.test(screen())) {
				if (running.ended !== null || performance.now() > deadline) {
					throw running.failure(`did not show ${pattern}`);
				}
				await new Promise(resolve => setTimeout(resolve, 20));
			}
		}
	};
}
