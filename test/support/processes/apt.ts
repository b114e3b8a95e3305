import { existsSync, rmSync, writeFileSync } from "node:fs";
import { guard } from "../guard.ts";
import { spawnProcess } from "./process.ts";

/** Read by every Debian package before it starts its service. */
const POLICY = "/usr/sbin/policy-rc.d";

const MINUTE = 60_000;
const ATTEMPTS = 2;

const APT = ["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"];

/**
 * Installs packages with apt in one go, as root, without starting the services that they contain.
 *
 * A package that this system's lists do not know is left out: the code that needs it reports that better than apt. The others
 * are returned. apt's output is shown only in the error when the second of two attempts fails.
 */
export async function aptInstall(packages: readonly string[]): Promise<readonly string[]> {
	const restore = forbidServices();
	try {
		await attempt(["apt-get", ...APT, "update"]);
		const known: string[] = [];
		for (const name of packages) if (await isKnown(name)) known.push(name);
		if (known.length === 0) return known;
		const install = ["apt-get", ...APT, "install", "-y", "--no-install-recommends", ...known];
		await attempt(install);
		return known;
	} finally {
		restore();
	}
}

async function attempt(command: readonly string[]): Promise<void> {
	for (let left = ATTEMPTS - 1; ; left--) {
		const error = await failureOf(command);
		if (error === null) return;
		if (left === 0) throw error;
	}
}

async function isKnown(name: string): Promise<boolean> {
	return (await failureOf(["apt-cache", "show", "--no-all-versions", name])) === null;
}

async function failureOf([program = "", ...args]: readonly string[]): Promise<Error | null> {
	const env = { DEBIAN_FRONTEND: "noninteractive" };
	const process = spawnProcess(program, args, { env });
	const timer = setTimeout(() => process.kill("SIGTERM"), 3 * MINUTE);
	const end = await process.exited;
	clearTimeout(timer);
	return end === "code 0" ? null : process.failure("failed");
}

function forbidServices(): () => void {
	if (existsSync(POLICY)) return () => {};
	writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
	// left behind, it would keep the machine's own upgrades from restarting their services
	const release = guard('rm -f -- "$1"', POLICY);
	return () => {
		rmSync(POLICY, { force: true });
		release();
	};
}
