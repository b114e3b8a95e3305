import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { ReportFiles } from "../../../services/reports/report-files.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const HOUR = 60 * 60 * 1000;

function open(): { files: ReportFiles; folder: string } {
	const temp = tempFolder("reports");
	onTestFinished(() => temp.remove());
	const folder = join(temp.path, "of", "reports");
	return { files: new ReportFiles(folder), folder };
}

async function* pieces(...texts: (string | Error)[]): AsyncGenerator<string> {
	for (const text of texts) {
		if (text instanceof Error) throw text;
		yield text;
	}
}

describe("the files of reports", () => {
	it("contain a report only when it is complete, and only for its session", async () => {
		const { files } = open();
		expect(await files.list("A")).toEqual([]);
		await files.begin("A", "one");
		expect(await files.size("A", "one")).toBeNull();
		await files.write("A", "one", pieces("first\n", "second\n"));

		expect(await files.size("A", "one")).toBe(13);
		const report = await files.read("A", "one");
		expect(report?.bytes).toBe(13);
		expect(await text(report?.content as never)).toBe("first\nsecond\n");
		expect(await files.read("B", "one")).toBeNull();
		expect(await files.list("A")).toMatchObject([{ reportId: "one", bytes: 13 }]);
		expect(await files.list("B")).toEqual([]);
	});

	it("keep of a failed attempt only that it was made", async () => {
		const { files, folder } = open();
		expect(await files.begin("A", "one")).toBe(1);
		const failing = files.write("A", "one", pieces("first\n", new Error("the database is away")));
		await expect(failing).rejects.toThrow("the database is away");
		expect(readdirSync(folder).map(name => name.split(".").at(-1))).toEqual(["attempts"]);
		expect(await files.begin("A", "one")).toBe(2);
	});

	it("allow two attempts at a time, which write the same", async () => {
		const { files } = open();
		await files.begin("A", "one");
		await Promise.all([1, 2].map(() => files.write("A", "one", pieces("first\n", "second\n"))));
		expect(await files.size("A", "one")).toBe(13);
		expect(await files.list("A")).toHaveLength(1);
	});

	it("list the newest report first", async () => {
		const { files, folder } = open();
		await files.begin("A", "one");
		for (const id of ["one", "two", "three"]) await files.write("A", id, pieces(id));
		for (const name of readdirSync(folder)) {
			const minutes = ["two", "one", "three"].findIndex(id => name.endsWith(`-${id}.csv`));
			utimesSync(join(folder, name), 0, Date.now() / 1000 - 1800 + 60 * minutes);
		}
		const ids = (await files.list("A")).map(({ reportId }) => reportId);
		expect(ids).toEqual(["three", "one", "two"]);
	});

	it("are removed after an hour, with everything that belongs to them", async () => {
		const { files, folder } = open();
		await files.removeOld();
		await files.begin("A", "one");
		await files.write("A", "one", pieces("first\n"));
		await files.markTold("A", "one");
		await files.markFailed("A", "two");
		expect(await files.isTold("A", "one")).toBe(true);
		await files.removeOld();
		expect(readdirSync(folder)).toHaveLength(4);
		await files.removeOld(Date.now() + HOUR + 1000);
		expect(readdirSync(folder)).toEqual([]);
	});

	// They were there until another report was begun.
	it("are not there any more after an hour, removed or not", async () => {
		const { files, folder } = open();
		await files.begin("A", "one");
		await files.write("A", "one", pieces("first\n"));
		await files.begin("A", "two");
		await files.markFailed("A", "two");
		expect(await files.list("A")).toHaveLength(2);
		const old = (Date.now() - HOUR - 1000) / 1000;
		for (const name of readdirSync(folder)) utimesSync(join(folder, name), old, old);
		expect(await files.list("A")).toEqual([]);
		expect(await files.size("A", "one")).toBeNull();
		expect(await files.read("A", "one")).toBeNull();
		expect(readdirSync(folder)).toHaveLength(4);
	});

	it("are listed as failed when they were given up, unless they were made after all", async () => {
		const { files } = open();
		await files.begin("A", "one");
		await files.markFailed("A", "one");
		const at = expect.any(String);
		expect(await files.list("A")).toEqual([{ reportId: "one", state: "failed", at }]);
		expect(await files.list("B")).toEqual([]);
		await files.write("A", "one", pieces("first\n"));
		expect(await files.list("A")).toEqual([{ reportId: "one", state: "ready", bytes: 6, at }]);
	});

	// A worker that was stopped ten times gave up what it had been about to make.
	it("do not count an attempt that was taken back", async () => {
		const { files } = open();
		await files.begin("A", "one");
		expect(await files.begin("A", "one")).toBe(2);
		await files.takeBack("A", "one");
		expect(await files.begin("A", "one")).toBe(2);
	});

	// Everything older than an hour was removed from the folder. A `lost+found`, which cannot be removed, sent every job back.
	it("are all that is removed: other files in the folder are left alone", async () => {
		const { files, folder } = open();
		await files.begin("A", "one");
		mkdirSync(join(folder, "lost+found"));
		writeFileSync(join(folder, "notes.csv"), "");
		await files.removeOld(Date.now() + HOUR + 1000);
		expect(readdirSync(folder).sort()).toEqual(["lost+found", "notes.csv"]);
	});

	it("are removed even if one of them cannot be, which is told", async () => {
		const { files, folder } = open();
		await files.begin("A", "one");
		mkdirSync(join(folder, `${"0".repeat(32)}-first.csv`));
		await expect(files.removeOld(Date.now() + HOUR + 1000)).rejects.toThrow("first.csv");
		expect(readdirSync(folder)).toHaveLength(1);
	});

	// A folder that could not be read seemed to have no reports, and the page forgot those that it could not load.
	it("do not count as missing if the folder cannot be read", async () => {
		const { files, folder } = open();
		mkdirSync(dirname(folder), { recursive: true });
		writeFileSync(folder, "a file, where the folder should be");
		await expect(files.list("A")).rejects.toThrow("ENOTDIR");
		await expect(files.removeOld()).rejects.toThrow("ENOTDIR");
	});

	it("reveal no session", async () => {
		const { files, folder } = open();
		await files.begin("the-session", "one");
		await files.write("the-session", "one", pieces("first\n"));
		for (const name of readdirSync(folder)) expect(name).not.toContain("the-session");
	});
});
