/**
 * The documentation as a site, by VitePress, which is installed in the folder `site` when it is needed first:
 *
 *     npm run docs          # serves it, and follows changes
 *     npm run docs:build    # writes it to .tmp/site; a dead link fails
 *
 * SITE_BASE is the path below which it will be served, `/` by default.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const [command = "build", ...options] = process.argv.slice(2);

/** Runs a program to its end; if it fails, so does this one. */
function run(program: string, args: readonly string[], cwd = "."): void {
	const { status } = spawnSync(program, args, { cwd, stdio: "inherit" });
	if (status !== 0) process.exit(status ?? 1);
}

// written by npm as the last thing
if (!existsSync("site/node_modules/.package-lock.json")) {
	run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], "site");
}
run("site/node_modules/.bin/vitepress", [command, "site", ...options]);
