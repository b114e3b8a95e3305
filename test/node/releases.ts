import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { npm } from "../package/run.ts";

/** The oldest release of each line of Node.js that is supported; the first is what package.json asks for. */
export const OLDEST: readonly [string, ...string[]] = ["22.12.0", "24.0.0"];

/** Where releases are kept from one run to the next, each in a folder with its name. */
const FOLDER = resolve(".tmp/node");

const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

/** The newest release of a release's line, as the registry knows it. */
export async function newestOf(release: string): Promise<string> {
	const [line = ""] = release.split(".");
	const answer = await npm(["view", `node@${line}`, "version", "--json", "--loglevel=error"], ".");
	const releases: string[] = [JSON.parse(answer)].flat();
	releases.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
	return releases.at(-1) ?? release;
}

/** The folder of a release, which also gets its report. */
export function folderOf(release: string): string {
	return join(FOLDER, release);
}

/** The path of a release's `node`, which is installed if it is not there yet: npm's package `node` is Node.js itself. */
export async function bringNode(release: string): Promise<string> {
	const folder = folderOf(release);
	const path = join(folder, "node_modules/node/bin/node");
	if (existsSync(path)) return path;
	await mkdir(folder, { recursive: true });
	const manifest = { private: true, allowScripts: { node: true } };
	await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
	await npm(["install", "--no-save", ...QUIET, `node@${release}`], folder);
	return path;
}
