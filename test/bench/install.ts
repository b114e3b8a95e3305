import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Installs the peers from their lock file, if they are missing. */
export function installPeers(): void {
	const folder = fileURLToPath(new URL(".", import.meta.url));
	// npm writes this last
	if (existsSync(`${folder}node_modules/.package-lock.json`)) return;
	console.error("installing the peers in test/bench");
	const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
		cwd: folder,
		stdio: ["ignore", 2, 2]
	});
	if (status !== 0) throw new Error("npm ci in test/bench failed");
}
