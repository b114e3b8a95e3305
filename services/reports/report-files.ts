import { createHash, randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import {
	appendFile,
	mkdir,
	open,
	readdir,
	rename,
	rm,
	stat,
	truncate,
	writeFile
} from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Milliseconds after which a report, or what is left of one, is removed. */
const MAX_AGE = 60 * 60 * 1000;
/** What the names below have in common. The folder may hold other files, which are not ours to remove. */
const OWN_NAME = /^[0-9a-f]{32}-.+\.(csv|part|attempts|told|failed)$/;

/** What has become of a report: it can be downloaded, or was given up. */
export interface ReportState {
	readonly reportId: string;
	readonly state: "ready" | "failed";
	/** Of one that is ready. */
	readonly bytes?: number;
	/** Since when, in ISO 8601. */
	readonly at: string;
}

/**
 * The reports in a folder that all workers share. Of each there may be
 *
 *     <session>-<report>.csv           the report: whole, since it got this name last
 *     <session>-<report>.<uuid>.part   what one attempt has written so far
 *     <session>-<report>.attempts      one byte for each attempt
 *     <session>-<report>.told          empty: the session has been told that the report is ready
 *     <session>-<report>.failed        empty: the report was given up
 *
 * where `<session>` is a digest of the session's id: nobody can find, or name, another session's report, and the
 * folder gives no session away.
 */
export class ReportFiles {
	readonly #folder: string;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/** Rejects if no report could be written to the folder. */
	async check(): Promise<void> {
		await this.#makeFolder();
		const path = this.#path("", randomUUID(), "part");
		await writeFile(path, ".");
		await rm(path);
	}

	/** The reports of a session that are ready, or were given up, newest first. */
	async list(sessionId: string): Promise<ReportState[]> {
		const prefix = `${digest(sessionId)}-`;
		const reports = new Map<string, ReportState>();
		for (const name of await this.#names()) {
			const [, reportId = "", ending] =
				/^(.+)\.(csv|failed)$/.exec(name.slice(prefix.length)) ?? [];
			if (!name.startsWith(prefix) || ending === undefined) continue;
			const found = await this.#stat(name);
			if (found === null) continue;
			const at = found.mtime.toISOString();
			if (ending === "csv") {
				reports.set(reportId, { reportId, state: "ready", bytes: found.size, at });
			} else if (!reports.has(reportId)) {
				reports.set(reportId, { reportId, state: "failed", at });
			}
		}
		return [...reports.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
	}

	/** Bytes of a whole report; null if there is none. */
	async size(sessionId: string, reportId: string): Promise<number | null> {
		return (await this.#stat(nameOf(sessionId, reportId, "csv")))?.size ?? null;
	}

	/** Opens a whole report; null if there is none. */
	async read(
		sessionId: string,
		reportId: string
	): Promise<{ bytes: number; content: Readable } | null> {
		const file = await unlessMissing(open(this.#path(sessionId, reportId, "csv")));
		if (file === null) return null;
		try {
			const found = await file.stat();
			if (!isOld(found)) return { bytes: found.size, content: file.createReadStream() };
		} catch (error) {
			await file.close();
			throw error;
		}
		await file.close();
		return null;
	}

	/** Counts one more attempt at a report, and answers how many there were. */
	async begin(sessionId: string, reportId: string): Promise<number> {
		await this.#makeFolder();
		const attempts = this.#path(sessionId, reportId, "attempts");
		await appendFile(attempts, ".");
		return (await unlessMissing(stat(attempts)))?.size ?? 1;
	}

	/** Makes the last attempt count for nothing. */
	async takeBack(sessionId: string, reportId: string): Promise<void> {
		const attempts = this.#path(sessionId, reportId, "attempts");
		const found = await unlessMissing(stat(attempts));
		if (found?.size) await truncate(attempts, found.size - 1);
	}

	/**
	 * Writes a report piece by piece. It gets its name when it is whole, and on disk; if `pieces` throws, nothing of this
	 * attempt remains.
	 */
	async write(sessionId: string, reportId: string, pieces: AsyncIterable<string>): Promise<void> {
		const part = this.#path(sessionId, reportId, `${randomUUID()}.part`);
		const file = await open(part, "wx", 0o600);
		try {
			try {
				// unlike `write`, this goes on until all of a piece is written
				for await (const piece of pieces) await file.appendFile(piece);
				await file.sync();
			} finally {
				await file.close();
			}
			await rename(part, this.#path(sessionId, reportId, "csv"));
		} catch (error) {
			await rm(part, { force: true });
			throw error;
		}
	}

	async isTold(sessionId: string, reportId: string): Promise<boolean> {
		return (await this.#stat(nameOf(sessionId, reportId, "told"))) !== null;
	}

	/** Remembers that the session has been told of the report. */
	async markTold(sessionId: string, reportId: string): Promise<void> {
		await writeFile(this.#path(sessionId, reportId, "told"), "");
	}

	/** Remembers that the report was given up. */
	async markFailed(sessionId: string, reportId: string): Promise<void> {
		await writeFile(this.#path(sessionId, reportId, "failed"), "");
	}

	/**
	 * Removes what is older than an hour; other workers may do so at the same time. Rejects with the first failure, when it has
	 * removed the rest.
	 */
	async removeOld(now: number = Date.now()): Promise<void> {
		const failures: unknown[] = [];
		for (const name of await this.#names()) {
			if (!OWN_NAME.test(name)) continue;
			const path = join(this.#folder, name);
			const found = await unlessMissing(stat(path));
			if (found === null || !isOld(found, now)) continue;
			await rm(path, { force: true }).catch(error => failures.push(error));
		}
		if (failures.length > 0) throw failures[0];
	}

	/** What is in the folder; nothing before the first report. */
	async #names(): Promise<string[]> {
		return (await unlessMissing(readdir(this.#folder))) ?? [];
	}

	async #makeFolder(): Promise<void> {
		await mkdir(this.#folder, { recursive: true, mode: 0o700 });
	}

	/** What is known of a file; null if it is missing, or about to be removed because it is old. */
	async #stat(name: string): Promise<Stats | null> {
		const found = await unlessMissing(stat(join(this.#folder, name)));
		return found === null || isOld(found) ? null : found;
	}

	#path(sessionId: string, reportId: string, ending: string): string {
		return join(this.#folder, nameOf(sessionId, reportId, ending));
	}
}

function isOld({ mtimeMs }: Stats, now = Date.now()): boolean {
	return mtimeMs < now - MAX_AGE;
}

function nameOf(sessionId: string, reportId: string, ending: string): string {
	return `${digest(sessionId)}-${reportId}.${ending}`;
}

function digest(sessionId: string): string {
	return createHash("sha256").update(sessionId).digest("hex").slice(0, 32);
}

/** What comes of it; null if the file, or the folder, does not exist. */
async function unlessMissing<T>(found: Promise<T>): Promise<T | null> {
	try {
		return await found;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
		throw error;
	}
}
