import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { acceptsTcp } from "../../support/clients/tcp.ts";
import { freePorts } from "../../support/processes/ports.ts";
import { type RunningProcess, spawnProcess } from "../../support/processes/process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import type { Server, ServerFactory } from "./server.ts";

/** Milliseconds. */
const BOOT = 30_000;

/** Where a server may put files, and its own ports. */
interface Room {
	readonly folder: string;
	readonly port: number;
	/** For servers that communicate with each other. */
	readonly peerPort: number;
}

/** A server that is one process, and ready when it accepts connections. */
function oneProcess(name: string, commandLine: (room: Room) => readonly string[]): ServerFactory {
	return async path => {
		const [port = 0, peerPort = 0] = await freePorts(2);
		const folder = tempFolder(name);
		const args = commandLine({ folder: folder.path, port, peerPort });
		let running: RunningProcess | undefined;
		const kill = async (): Promise<void> => {
			await running?.stop(0);
			running = undefined;
		};
		return {
			port,
			async start() {
				running = spawnProcess(path, args, { cwd: folder.path });
				await running.untilReady(() => acceptsTcp(port), BOOT);
			},
			kill,
			async stop() {
				await kill();
				await folder.remove();
			}
		} satisfies Server;
	};
}

export const startNats: ServerFactory = oneProcess("nats", ({ port }) => [
	...["--addr", "127.0.0.1"],
	...["--port", String(port)]
]);

export const startRedis: ServerFactory = oneProcess("redis", ({ port }) => [
	...["--bind", "127.0.0.1"],
	...["--port", String(port)],
	...["--save", "", "--appendonly", "no"]
]);

export const startMosquitto: ServerFactory = oneProcess("mosquitto", ({ folder, port }) => {
	const file = join(folder, "mosquitto.conf");
	writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
	return ["-c", file];
});

export const startEtcd: ServerFactory = oneProcess("etcd", ({ folder, port, peerPort }) => {
	const own = `http://127.0.0.1:${port}`;
	const peer = `http://127.0.0.1:${peerPort}`;
	return [
		...["--data-dir", join(folder, "data")],
		...["--listen-client-urls", own, "--advertise-client-urls", own],
		...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
		...["--initial-cluster", `default=${peer}`]
	];
});
