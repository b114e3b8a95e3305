import { existsSync, rmSync } from "node:fs";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { guard } from "../support/guard.ts";
import { aptInstall } from "../support/processes/apt.ts";
import { thisMachine } from "../support/processes/machine.ts";
import { type RunningProcess, spawnProcess } from "../support/processes/process.ts";

/** Where roots are kept from one run to the next, each in a folder with its release's name. */
const FOLDER = resolve(".tmp/rabbitmq");
const RABBITMQ = "/usr/lib/rabbitmq/bin";
/** The programs of another Debian that are run here, by their paths there. */
const PROGRAMS: Readonly<Record<string, string>> = {
	"rabbitmq-server": `${RABBITMQ}/rabbitmq-server`,
	rabbitmqctl: `${RABBITMQ}/rabbitmqctl`,
	epmd: "/usr/bin/epmd"
};

/** RabbitMQ as another release of Debian has it. */
export interface DebianRabbitMq {
	/** A folder for the front of the PATH: its programs run in that Debian. */
	readonly bin: string;
	/** As in its package: `4.0.5-6`. */
	readonly version: string;
	/** Undoes what was set up on this machine for it. The root stays, for the next run. */
	close(): Promise<void>;
}

/**
 * Brings a release of Debian into a folder of its own (300 MB), with its RabbitMQ, which then runs here by `chroot`. It sees
 * this machine's network, its temporary files under the same path, and nothing else.
 *
 * @param release for example `trixie`
 * @throws Error that says what is missing: this needs root, on a Debian
 */
export async function bringRabbitMqOf(release: string): Promise<DebianRabbitMq> {
	const machine = thisMachine();
	if (!machine.canInstall()) {
		throw new Error("RabbitMQ of another Debian: run this as root, on a system with apt");
	}
	if (machine.find("debootstrap") === null) await aptInstall(["debootstrap"]);
	const root = join(FOLDER, release, "root");
	if (!existsSync(root)) await makeRoot(release, root);
	const bin = join(FOLDER, release, "bin");
	await mkdir(bin, { recursive: true });
	for (const [name, path] of Object.entries(PROGRAMS)) {
		const script = join(bin, name);
		await writeFile(script, `#!/bin/sh\nexec chroot '${root}' ${path} "$@"\n`);
		await chmod(script, 0o755);
	}
	const query = ["chroot", root, "dpkg-query", "-W", "-f", "$" + "{Version}", "rabbitmq-server"];
	const version = (await run(query)).output.trim();
	const close = await mount(root);
	return { bin, version, close };
}

async function makeRoot(release: string, root: string): Promise<void> {
	// an unfinished one must not be taken for a finished one
	const unfinished = `${root}.new`;
	rmSync(unfinished, { recursive: true, force: true });
	await mkdir(unfinished, { recursive: true });
	const include = "--include=rabbitmq-server";
	await run(["debootstrap", "--variant=minbase", include, release, unfinished]);
	await rename(unfinished, root);
}

/** Erlang asks the machine under /proc; data, logs and configuration of an instance are temporary files. */
async function mount(root: string): Promise<() => Promise<void>> {
	const temp = tmpdir();
	const points = [join(root, "proc"), join(root, temp)];
	await mkdir(join(root, temp), { recursive: true });
	const release = guard('for point; do umount -l -- "$point"; done', ...points);
	await run(["mount", "-t", "proc", "proc", join(root, "proc")]);
	await run(["mount", "--bind", temp, join(root, temp)]);
	return async () => {
		for (const point of points) await run(["umount", "-l", point]);
		release();
	};
}

async function run([program = "", ...args]: readonly string[]): Promise<RunningProcess> {
	const process = spawnProcess(program, args);
	if ((await process.exited) !== "code 0") throw process.failure("failed");
	return process;
}
