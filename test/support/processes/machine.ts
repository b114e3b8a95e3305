import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { aptInstall } from "./apt.ts";

const run = promisify(execFile);

/** Where Debian keeps servers; not on the PATH of an ordinary user. */
const SERVER_FOLDERS = ["/usr/sbin", "/usr/local/sbin"];

/** What the search for programs asks the machine; the tests of the search provide another one. */
export interface Machine {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** The path of the first executable of these names, or null. */
	find(...names: string[]): string | null;
	/** The paths of all executables of that name. */
	findAll(name: string): readonly string[];
	/** First line that `path --version` (or similar) prints, or null when it fails, as a stub does. */
	version(path: string, ...args: string[]): Promise<string | null>;
	/** Whether packages can be installed here: root, on a system with apt. */
	canInstall(): boolean;
	/** Returns those that are available; rejects if one of those cannot be installed. */
	install(packages: readonly string[]): Promise<readonly string[]>;
}

/** The machine that this runs on, as seen with the given environment. */
export function thisMachine(env: NodeJS.ProcessEnv = process.env): Machine {
	const folders = [...(env.PATH ?? "").split(delimiter).filter(Boolean), ...SERVER_FOLDERS];
	const find = (...names: string[]): string | null => {
		const paths = names.flatMap(name => folders.map(folder => join(folder, name)));
		return paths.find(isExecutable) ?? null;
	};
	return {
		env,
		find,
		findAll: name => folders.map(folder => join(folder, name)).filter(isExecutable),
		async version(path, ...args) {
			try {
				const { stdout, stderr } = await run(path, args, { timeout: 20_000 });
				// nginx prints its version on stderr, Chromium's wrapper its complaints
				return (stdout.trim() || stderr.trim()).replace(/\n.*/s, "");
			} catch {
				return null;
			}
		},
		canInstall: () => process.getuid?.() === 0 && find("apt-get") !== null,
		install: aptInstall
	};
}

/** Whether the path is a file that may be executed. */
export function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
