import { existsSync, globSync, statSync } from "node:fs";
import { spawnProcess } from "./processes/process.ts";

const FILE = "dist/client.js";

/** Builds `dist/client.js`, which gateways serve and pages load, unless it is newer than its sources. */
export async function bringClient(): Promise<void> {
	const sources = globSync("client/*.ts").map(file => statSync(file).mtimeMs);
	if (existsSync(FILE) && statSync(FILE).mtimeMs > Math.max(...sources)) return;
	const build = spawnProcess("npm", ["run", "build:client"]);
	await build.exited;
	if (!existsSync(FILE)) throw new Error(`${FILE} could not be built:\n${build.output}`);
}
