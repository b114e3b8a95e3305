import { createHash, randomUUID } from "node:crypto";
import { appendFile, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Milliseconds after which a report, or what is left of one, is removed. */
const MAX_AGE = 60 * 60 * 1000;
/** What the names below have in common. The folder may hold other files, which are not ours to remove. */
const OWN_NAME = /^[0-9a-f]{32}-.+\.(csv|part|attempts|told)$/;

/** A report that can be downloaded. */
export interface WholeReport {
	readonly reportId: string;
	readonly bytes: number;
	/** When it was finished, in ISO 8601. */
	readonly at: string;
}

/**
 * The reports in a folder that all workers share. Of each there may be
 *
 *     <session>-<report>.csv           the report: whole, since it got this name last
 *     <session>-<report>.<uuid>.part   what one attempt has written so far
 *     <session>-<report>.attempts      one byte for each attempt
 *     <session>-<report>.told          empty: the session has been told that the report is ready
 *
 * where `<session>` is a digest of the session's id: nobody can find, or name, another session's report, and the
 * folder gives no session away.
 */
export class ReportFiles {
	readonly #folder: string;

	constructor(folder: string) {
		this.#folder = folder;
	}

	/** The whole reports of a session, newest first. */
	async list(sessionId: string): Promise<WholeReport[]> {
		const prefix = `${digest(sessionId)}-`;
		const reports: WholeReport[] = [];
		for (const name of await this.#names()) {
			if (!name.startsWith(prefix) || !name.endsWith(".csv")) continue;
			const found = await unlessMissing(stat(join(this.#folder, name)));
			if (found === null) continue;
			const reportId = name.slice(prefix.length, -".csv".length);
			reports.push({ reportId, bytes: found.size, at: found.mtime.toISOString() });
		}
		return reports.sort((a, b) => (a.at < b.at ? 1 : -1));
	}

	/** Bytes of a whole report; null if there is none. */
	size(sessionId: string, reportId: string): Promise<number | null> {
		return sizeOf(this.#path(sessionId, reportId, "csv"));
	}

	/** Opens a whole report; null if there is none. */
	async read(
		sessionId: string,
		reportId: string
	): Promise<{ bytes: number; content: Readable } | null> {
		const file = await unlessMissing(open(this.#path(sessionId, reportId, "csv")));
		if (file === null) return null;
		try {
			const { size } = await file.stat();
			return { bytes: size, content: file.createReadStream() };
		} catch (error) {
			await file.close();
			throw error;
		}
	}

	/** Counts one more attempt at a report, and answers how many there were. */
	async begin(sessionId: string, reportId: string): Promise<number> {
		await mkdir(this.#folder, { recursive: true, mode: 0o700 });
		const attempts = this.#path(sessionId, reportId, "attempts");
		await appendFile(attempts, ".");
		return (await sizeOf(attempts)) ?? 1;
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
		return (await sizeOf(this.#path(sessionId, reportId, "told"))) !== null;
	}

	/** Remembers that the session has been told of the report. */
	async markTold(sessionId: string, reportId: string): Promise<void> {
		await writeFile(this.#path(sessionId, reportId, "told"), "");
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
			if (found === null || found.mtimeMs >= now - MAX_AGE) continue;
			await rm(path, { force: true }).catch(error => failures.push(error));
		}
		if (failures.length > 0) throw failures[0];
	}

	/** What is in the folder; nothing before the first report. */
	async #names(): Promise<string[]> {
		return (await unlessMissing(readdir(this.#folder))) ?? [];
	}

	#path(sessionId: string, reportId: string, ending: string): string {
		return join(this.#folder, `${digest(sessionId)}-${reportId}.${ending}`);
	}
}

function digest(sessionId: string): string {
	return createHash("sha256").update(sessionId).digest("hex").slice(0, 32);
}

async function sizeOf(path: string): Promise<number | null> {
	return (await unlessMissing(stat(path)))?.size ?? null;
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
