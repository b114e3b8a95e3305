import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { npm } from "../package/run.ts";
import { type Machine, thisMachine } from "../support/processes/machine.ts";
import { COMPANIONS, DEV_SERVERS } from "./dev-servers.ts";
import type { ProxyKind } from "./proxy.ts";

/** A proxy that can be started, or what is missing. */
export type Brought =
	| { readonly kind: ProxyKind; readonly path: string; readonly version: string }
	| { readonly kind: ProxyKind; readonly missing: string };

/** Where npm packages are kept from one run to the next. */
const FOLDER = resolve(".tmp/proxies");

/** Finds the proxies, and installs those that are missing, if possible. */
export async function bringProxies(
	kinds: readonly ProxyKind[],
	say: (line: string) => void = console.log,
	machine: Machine = thisMachine()
): Promise<Brought[]> {
	const missing = kinds.filter(
		({ source, program }) => source === "debian" && machine.find(program) === null
	);
	if (missing.length > 0 && machine.canInstall()) {
		const packages = missing.map(kind => kind.package);
		say(`installing ${packages.join(", ")} with apt-get`);
		await machine.install(packages).catch(error => say(`apt-get failed: ${error.message}`));
	}
	if (kinds.some(({ source }) => source === "npm")) await bringPackages(say);
	return Promise.all(kinds.map(kind => locate(kind, machine)));
}

async function locate(kind: ProxyKind, machine: Machine): Promise<Brought> {
	if (kind.source === "npm") {
		const path = join(FOLDER, "node_modules", kind.package.replace(/@.*/, ""), "package.json");
		if (!existsSync(path)) return { kind, missing: `npm could not install ${kind.package}` };
		return { kind, path: FOLDER, version: JSON.parse(readFileSync(path, "utf8")).version };
	}
	const path = machine.find(kind.program);
	if (path === null) {
		const remedy = "install it, or run as root where apt-get can install it";
		return { kind, missing: `there is no ${kind.program}: ${remedy}` };
	}
	const line = (await machine.version(path, ...kind.version)) ?? "";
	return { kind, path, version: /\d+(?:\.\d+)+/.exec(line)?.[0] ?? "unknown" };
}

async function bringPackages(say: (line: string) => void): Promise<void> {
	const packages = [...DEV_SERVERS.map(kind => kind.package), ...COMPANIONS];
	const done = join(FOLDER, "installed.json");
	const wanted = JSON.stringify(packages);
	if (existsSync(done) && readFileSync(done, "utf8") === wanted) return;
	say(`installing ${packages.join(", ")} with npm`);
	// left behind by an interrupted install
	await rm(FOLDER, { recursive: true, force: true });
	await mkdir(FOLDER, { recursive: true });
	await writeFile(join(FOLDER, "package.json"), JSON.stringify({ private: true }));
	const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--save=false"];
	try {
		await npm(["install", "--prefer-offline", ...flags, ...packages], FOLDER);
		await writeFile(done, wanted);
	} catch (error) {
		say(`npm failed: ${(error as Error).message}`);
	}
}
