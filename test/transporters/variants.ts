import type { PacketMiddleware } from "./nodes/plan.ts";
import { VERSIONS } from "./releases.ts";
import type { Part } from "./scenarios/scenario.ts";
import type { ServerKind } from "./servers/bring.ts";
import type { TransporterName } from "./transporters.ts";

/** A way in which a cluster differs from one with Moleculer's defaults. */
export interface Variant {
	readonly name: string;
	/** Options of each broker. */
	readonly broker?: Readonly<Record<string, unknown>>;
	readonly packets?: readonly PacketMiddleware[];
	/** How nodes find each other, if not by the transporter. */
	readonly discoverer?: Discoverer;
	/** The release of the senders, if it is another one. */
	readonly senders?: string;
	/** Transporters on which it is tried. */
	readonly on: readonly TransporterName[];
	/** Releases on which it is tried; default all. */
	readonly releases?: readonly string[];
	/** Parts of the matrix that it is about. */
	readonly parts: readonly Part[];
	/** Names of the scenarios that it is about; default all of its parts. */
	readonly only?: readonly string[];
}

export interface Discoverer {
	readonly server: ServerKind;
	option(port: number): unknown;
}

const REDIS: Discoverer = {
	server: "redis",
	option: port => ({ type: "Redis", options: { redis: `redis://127.0.0.1:${port}` } })
};
const ETCD: Discoverer = {
	server: "etcd",
	option: port => ({ type: "Etcd3", options: { etcd: { hosts: `http://127.0.0.1:${port}` } } })
};

/** Moleculer's defaults. */
export const PLAIN: Variant = {
	name: "",
	on: ["none", "fake", "tcp", "nats", "redis", "mqtt", "amqp", "amqp10"],
	parts: ["steady", "outage-all", "outage-sender", "outage-gateway", "restart", "suspended"]
};

const serializer = (name: string, releases?: readonly string[]): Variant => ({
	name: `serializer ${name}`,
	broker: { serializer: name },
	on: ["redis"],
	parts: ["payloads"],
	...(releases && { releases })
});

const OLD = ["0.14.36", "0.14.12"];
const [NEWEST = ""] = VERSIONS;
const NEWER = [NEWEST, "0.14.36"];

export const VARIANTS: readonly Variant[] = [
	PLAIN,
	serializer("JSON"),
	serializer("MsgPack"),
	serializer("Notepack"),
	serializer("CBOR", NEWER),
	serializer("JSONExt", [NEWEST]),
	...["Avro", "ProtoBuf", "Thrift"].map(name => serializer(name, OLD)),
	{
		name: "Encryption",
		releases: NEWER,
		packets: ["Encryption"],
		on: ["nats"],
		parts: ["steady", "outage-gateway"]
	},
	{
		name: "Compression",
		releases: NEWER,
		packets: ["Compression"],
		on: ["nats", "redis"],
		parts: ["steady", "outage-gateway"]
	},
	{
		name: "disableBalancer",
		releases: NEWER,
		broker: { disableBalancer: true },
		on: ["nats", "amqp"],
		parts: ["steady", "outage-gateway"]
	},
	{
		name: "disableBalancer",
		broker: { disableBalancer: true },
		on: ["none"],
		parts: ["steady"],
		only: ["everyone"]
	},
	{
		name: "preferLocal: false",
		releases: NEWER,
		broker: { registry: { preferLocal: false } },
		on: ["nats"],
		parts: ["steady"]
	},
	{
		name: "Redis discoverer",
		releases: NEWER,
		discoverer: REDIS,
		on: ["redis", "nats"],
		parts: ["steady", "outage-all", "outage-gateway", "outage-sender"]
	},
	{
		name: "Etcd3 discoverer",
		releases: NEWER,
		discoverer: ETCD,
		on: ["nats"],
		parts: ["steady", "outage-all", "outage-gateway", "outage-sender"]
	},
	{
		// nodes give each other up within an outage, and meet again after it
		name: "heartbeats of a second",
		releases: [NEWEST],
		broker: { heartbeatInterval: 1, heartbeatTimeout: 3 },
		on: ["nats", "redis", "mqtt", "amqp"],
		parts: ["outage-all", "outage-sender", "outage-gateway"]
	},
	{
		name: "senders of 0.14.12",
		senders: "0.14.12",
		on: ["nats", "redis"],
		releases: ["0.14.36"],
		parts: ["steady", "outage-gateway"]
	},
	{
		name: "senders of 0.14.36",
		senders: "0.14.36",
		on: ["nats"],
		releases: [NEWEST],
		parts: ["steady"],
		only: ["everyone"]
	}
];
