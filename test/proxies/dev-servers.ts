/** The development proxies of npm that the documentation has configurations for, and how each is started with one. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configuration, type Place } from "./configuration.ts";
import type { CommandLine, ProxyKind } from "./proxy.ts";

/** Writes the files as a project that has the packages, and returns what runs there. */
function project(
	packages: string,
	place: Place,
	files: readonly string[],
	args: readonly string[]
): CommandLine {
	symlinkSync(join(packages, "node_modules"), join(place.folder, "node_modules"));
	writeFileSync(join(place.folder, "package.json"), '{ "type": "module" }\n');
	writeFileSync(join(place.folder, "index.js"), "");
	for (const name of files) writeFileSync(join(place.folder, name), configuration(name, place));
	return { command: process.execPath, args };
}

const NPM = { source: "npm", version: [], gateways: 1 } as const;

const VITE: ProxyKind = {
	...NPM,
	name: "Vite",
	program: "vite/bin/vite.js",
	package: "vite@8",
	files: ["vite.config.js", "streams.js"],
	commandLine: (packages, place) =>
		project(packages, place, VITE.files, [
			`node_modules/${VITE.program}`,
			...["--host", "127.0.0.1", "--port", String(place.port), "--strictPort"]
		])
};

const WEBPACK: ProxyKind = {
	...NPM,
	name: "webpack-dev-server",
	program: "webpack-cli/bin/cli.js",
	package: "webpack-dev-server@6",
	files: ["webpack.config.js", "streams.js"],
	commandLine: (packages, place) =>
		project(packages, place, WEBPACK.files, [
			`node_modules/${WEBPACK.program}`,
			...["serve", "--entry", "./index.js"],
			...["--host", "127.0.0.1", "--port", String(place.port)]
		])
};

const MIDDLEWARE: ProxyKind = {
	...NPM,
	name: "http-proxy-middleware",
	program: "http-proxy-middleware/package.json",
	package: "http-proxy-middleware@4",
	files: ["http-proxy-middleware.js", "streams.js"],
	commandLine: (packages, place) =>
		project(packages, place, MIDDLEWARE.files, ["http-proxy-middleware.js"])
};

export const DEV_SERVERS: readonly ProxyKind[] = [VITE, WEBPACK, MIDDLEWARE];

/** What they need besides their own packages. */
export const COMPANIONS: readonly string[] = ["express@5", "webpack@5", "webpack-cli@7"];
