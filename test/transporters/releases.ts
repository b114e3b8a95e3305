import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ServiceBroker } from "moleculer";
import { npm } from "../package/run.ts";

/** A release of Moleculer, with the packages that its transporters, serializers and discoverers need. */
interface Release {
	readonly version: string;
	readonly packages: readonly string[];
}

const CLIENTS = ["amqplib@0.10", "etcd3@1", "cbor-x@1"];
/** Serializers that 0.15 no longer has. */
const OLD_SERIALIZERS = ["avsc@5", "protobufjs@7", "thrift@0.16"];

const RELEASES: readonly Release[] = [
	{
		// what the project itself is tested with
		version: ServiceBroker.MOLECULER_VERSION,
		packages: [
			...["moleculer-web@0.11", ...CLIENTS, "nats@2", "ioredis@5", "mqtt@5"],
			...["rhea-promise@3", "msgpack5@6", "notepack.io@3"]
		]
	},
	{
		version: "0.14.36",
		packages: [
			...["moleculer-web@0.10", ...CLIENTS, "nats@2", "ioredis@5", "mqtt@5"],
			...["rhea-promise@2", "msgpack5@6", "notepack.io@3", ...OLD_SERIALIZERS]
		]
	},
	{
		// the oldest that package.json asks for; it knows only the first client of NATS
		version: "0.14.12",
		packages: [
			...["moleculer-web@0.10", ...CLIENTS, "nats@1", "ioredis@4", "mqtt@4"],
			...["rhea-promise@1", "msgpack5@5", "notepack.io@2", ...OLD_SERIALIZERS]
		]
	}
];

export const VERSIONS: readonly string[] = RELEASES.map(({ version }) => version);

/** Where releases are kept from one run to the next, each in a folder with its name. */
const FOLDER = resolve(".tmp/moleculer");

/** Another release's transporters may need other versions of the same packages: which go together is listed above. */
const FLAGS = ["--no-audit", "--no-fund", "--loglevel=error", "--legacy-peer-deps", "--save=false"];

/** The folder of a release, which is installed if it is not there yet. */
export async function bringMoleculer(version: string): Promise<string> {
	const release = RELEASES.find(known => known.version === version);
	if (release === undefined) throw new Error(`no release ${version}; there are ${VERSIONS}`);
	const folder = join(FOLDER, version);
	const done = join(folder, "installed.json");
	const packages = [`moleculer@${version}`, ...release.packages];
	const wanted = JSON.stringify(packages);
	if (existsSync(done)) return folder;
	// left behind by an interrupted install
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
	await npm(["install", "--prefer-offline", ...FLAGS, ...packages], folder);
	await writeFile(done, wanted);
	return folder;
}
