import { type Machine, thisMachine } from "../../support/processes/machine.ts";
import { locateRabbitMq } from "../../support/processes/programs.ts";
import { startEtcd, startMosquitto, startNats, startRedis } from "./process-server.ts";
import { startRabbitMq } from "./rabbitmq-server.ts";
import type { Server, ServerFactory } from "./server.ts";

export type ServerKind = "nats" | "redis" | "mosquitto" | "etcd" | "rabbitmq";

interface Wanted {
	/** Names of its program. */
	readonly program: string;
	/** Of Debian. */
	readonly package: string;
	/** The argument with which it prints its version. */
	readonly version: string;
	readonly start: ServerFactory;
}

const WANTED: Readonly<Record<ServerKind, Wanted>> = {
	nats: { program: "nats-server", package: "nats-server", version: "--version", start: startNats },
	redis: {
		program: "redis-server",
		package: "redis-server",
		version: "--version",
		start: startRedis
	},
	mosquitto: { program: "mosquitto", package: "mosquitto", version: "-h", start: startMosquitto },
	etcd: { program: "etcd", package: "etcd-server", version: "--version", start: startEtcd },
	rabbitmq: {
		program: "rabbitmq-server",
		package: "rabbitmq-server",
		version: "--version",
		start: startRabbitMq
	}
};

/** What can be started: factories of servers that are not started yet, by kind; or why there is none. */
export type Servers = ReadonlyMap<ServerKind, (() => Promise<Server>) | string>;

/** Finds the programs of servers, and installs those that are missing, in one go, if possible. */
export async function bringServers(
	kinds: readonly ServerKind[],
	say: (line: string) => void = console.log,
	machine: Machine = thisMachine()
): Promise<Servers> {
	let paths = await locate(kinds, machine);
	const missing = kinds.filter((_, at) => paths[at] === null);
	if (missing.length > 0 && machine.canInstall()) {
		const packages = missing.map(kind => WANTED[kind].package);
		say(`installing ${packages.join(", ")} with apt-get`);
		await machine.install(packages).catch(error => say(`apt-get failed: ${error.message}`));
		paths = await locate(kinds, machine);
	}
	const servers = new Map<ServerKind, (() => Promise<Server>) | string>();
	for (const [at, kind] of kinds.entries()) {
		const path = paths[at] ?? null;
		const { start, program, version } = WANTED[kind];
		if (path === null) servers.set(kind, `${program} is neither here nor could it be installed`);
		else {
			servers.set(kind, () => start(path));
			// Debian's RabbitMQ script prints no version without a node
			const line = kind === "rabbitmq" ? null : await machine.version(path, version);
			say(`${kind}: ${path}${line === null ? "" : ` (${line})`}`);
		}
	}
	return servers;
}

function locate(kinds: readonly ServerKind[], machine: Machine): Promise<(string | null)[]> {
	return Promise.all(
		kinds.map(async kind => {
			if (kind !== "rabbitmq") return machine.find(WANTED[kind].program);
			const source = await locateRabbitMq(machine);
			// a message broker that is not the run's own is not killed
			return source?.kind === "program" ? source.path : null;
		})
	);
}
