import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

/** Names the folder that the processes of a run share. Named so that tests' own processes do not inherit it. */
const FOLDER = "JEST_RUN_FOLDER";

/** `errors` has a file for each process that has recorded some, `alive` one for each that has not ended in order. */
const KINDS = ["errors", "alive"] as const;
type Kind = (typeof KINDS)[number];

/** Path of this process's file; undefined if no run is under way. */
export function ownFile(kind: Kind): string | undefined {
	const folder = process.env[FOLDER];
	return folder === undefined ? undefined : join(folder, kind, `${process.pid}`);
}

/** What the processes of a run write down. */
export class RunFolder {
	/** It goes with this process: a run may be killed. */
	readonly #folder: TempFolder = tempFolder("run-of-tests");

	constructor() {
		for (const kind of KINDS) mkdirSync(join(this.#folder.path, kind));
		process.env[FOLDER] = this.#folder.path;
	}

	/** The contents of all files of a kind, by the number of their process. */
	read(kind: Kind): [pid: number, content: string][] {
		const folder = join(this.#folder.path, kind);
		return readdirSync(folder).map(name => [
			Number(name),
			readFileSync(join(folder, name), "utf8")
		]);
	}

	async remove(): Promise<void> {
		delete process.env[FOLDER];
		await this.#folder.remove();
	}
}
