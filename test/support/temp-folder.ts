import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "./guard.ts";

/** A folder of its own; removed by `remove()`, or with this process. */
export interface TempFolder {
	readonly path: string;
	remove(): Promise<void>;
}

/** @param name a word in the folder's name that identifies its owner */
export function tempFolder(name: string): TempFolder {
	const path = mkdtempSync(join(tmpdir(), `moleculer-sse-${name}-`));
	// the processes that write there are ended by guards of their own, at the same moment
	const release = guard('sleep 0.2; rm -rf -- "$1"', path);
	return {
		path,
		async remove() {
			await rm(path, { recursive: true, force: true, maxRetries: 5 });
			release();
		}
	};
}
