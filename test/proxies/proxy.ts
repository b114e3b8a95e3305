import { acceptsTcp } from "../support/clients/tcp.ts";
import { freePort } from "../support/processes/ports.ts";
import { type RunningProcess, spawnProcess } from "../support/processes/process.ts";
import { tempFolder } from "../support/temp-folder.ts";
import type { Place } from "./configuration.ts";
import type { Address } from "./stage.ts";

/** A kind of proxy that the documentation has a configuration for. */
export interface ProxyKind {
	readonly name: string;
	/** Of Debian, or of npm. */
	readonly source: "debian" | "npm";
	/** Names of its program; of an npm package that of its start script. */
	readonly program: string;
	/** The package that brings it. */
	readonly package: string;
	/** Arguments with which it prints its version. */
	readonly version: readonly string[];
	/** How many gateways it balances over. */
	readonly gateways: 1 | 2;
	/** Files below `docs/proxies` that configure it. */
	readonly files: readonly string[];
	/** Writes its files to `place.folder`, and returns what to start. */
	commandLine(path: string, place: Place): CommandLine;
}

export interface CommandLine {
	readonly command: string;
	readonly args: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
}

/** A running proxy. */
export interface RunningProxy {
	/** `http://127.0.0.1:<port>` */
	readonly origin: string;
	readonly process: RunningProcess;
	stop(): Promise<void>;
}

/** Milliseconds. */
const BOOT = 60_000;

/** @param path of its program */
export async function startProxy(
	kind: Pick<ProxyKind, "name" | "commandLine">,
	path: string,
	gateways: readonly Address[]
): Promise<RunningProxy> {
	const port = await freePort();
	const folder = tempFolder("proxy");
	const { command, args, env } = kind.commandLine(path, { port, gateways, folder: folder.path });
	const process = spawnProcess(command, args, {
		cwd: folder.path,
		env: { HOME: folder.path, ...env }
	});
	const stop = async (): Promise<void> => {
		await process.stop();
		await folder.remove();
	};
	try {
		await process.untilReady(() => acceptsTcp(port), BOOT);
	} catch (error) {
		await stop();
		throw error;
	}
	return { origin: `http://127.0.0.1:${port}`, process, stop };
}
