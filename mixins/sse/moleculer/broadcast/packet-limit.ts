import type { ServiceBroker } from "moleculer";
import { type Refusal, refuse } from "../../core/errors/refusal.ts";
import { readOptions } from "./broadcast-options.ts";

/** Bytes of a packet besides the event and its metadata: ids, field names, the transporter's header. */
const ENVELOPE = 1024;
/** Most bytes of one JSON character when the JSON is written as a string in JSON again. */
const MOST_PER_CHARACTER = 6;
/** TCP receivers count whatever has arrived together with the end of a packet as part of it. */
const TCP_CHUNK = 65_536;

/** The part that is read of transporters that limit a packet. */
interface Transporter {
	opts?: { maxPacketSize?: unknown } | null;
	client?: { info?: { max_payload?: unknown } | null } | null;
}

/** What a Moleculer event carries to the gateways. */
interface Carried {
	readonly sessionId: string | readonly string[];
	readonly json?: string;
}

/**
 * Refuses an event that the transporter does not carry, if its limit can be known: TCP, whose receivers silently drop larger
 * packets, and NATS, whose server tells its clients. Other transporters send it; if it does not arrive, it counts as lost.
 */
export function refusePastLimit(
	broker: ServiceBroker,
	event: string,
	data: Carried,
	options: object | undefined
): Refusal | undefined {
	const limit = packetLimit(broker);
	if (limit === undefined) return undefined;
	const { parentCtx, meta: own, headers, groups } = readOptions(options);
	const meta = { ...asObject(parentCtx?.meta), ...asObject(own) };
	const { sessionId, json = "" } = data;
	const characters =
		json.length + idCharacters(sessionId) + [meta, headers, groups].reduce(addCharacters, 0);
	if (characters * MOST_PER_CHARACTER + ENVELOPE < limit) return undefined;
	const bytes = packetBytes(broker, { event, data, meta, headers, groups });
	if (bytes === undefined || bytes <= limit) return undefined;
	const [field, others] =
		data.json === undefined ? ["sessionId", "metadata"] : ["payload", "session ids and metadata"];
	return refuse(
		field,
		`"${field}" and its ${others} make a packet of ${bytes} bytes, and the transporter carries ${limit}: send less at a time.`,
		"oversized"
	);
}

/** In JSON, with quotation marks and commas. */
function idCharacters(sessionId: Carried["sessionId"]): number {
	if (typeof sessionId === "string") return sessionId.length;
	let count = 0;
	for (const id of sessionId) count += id.length + 3;
	return count;
}

/** Adds Infinity for what cannot be written as JSON: the transporter's serializer may be able to. */
function addCharacters(sum: number, value: unknown): number {
	if (value === undefined) return sum;
	try {
		return sum + (JSON.stringify(value)?.length ?? 0);
	} catch {
		return Number.POSITIVE_INFINITY;
	}
}

/** Most bytes that a packet may have; undefined if that cannot be known. */
function packetLimit(broker: ServiceBroker): number | undefined {
	const transporter = broker.transit?.tx as Transporter | undefined;
	if (transporter === undefined || mayShrink(broker)) return undefined;
	const ofNats = transporter.client?.info?.max_payload;
	if (typeof ofNats === "number" && ofNats > 0) return ofNats;
	const ofTcp = transporter.opts?.maxPacketSize;
	if (typeof ofTcp !== "number" || ofTcp <= 0) return undefined;
	// With a low limit the rest usually gets through; otherwise everything would be refused.
	return Math.max(ofTcp - TCP_CHUNK, Math.floor(ofTcp / 2));
}

/** Moleculer's own middlewares that hardly change the size of a packet, or not at all. */
const KEEP_SIZE: ReadonlySet<unknown> = new Set(["Metrics", "Encryption"]);

/** Whether a middleware, such as Moleculer's compression, changes packets. */
function mayShrink(broker: ServiceBroker): boolean {
	const { list } = broker.middlewares as unknown as { list?: readonly Record<string, unknown>[] };
	return (list ?? []).some(({ name, transporterSend }) => transporterSend && !KEEP_SIZE.has(name));
}

/** Undefined if it cannot be written: then it cannot be sent either. */
function packetBytes(broker: ServiceBroker, packet: object): number | undefined {
	try {
		// Some serializers handle only Moleculer's own packets.
		return ENVELOPE + (broker.serializer?.serialize(packet as never, "EVENT" as never).length ?? 0);
	} catch {
		try {
			return ENVELOPE + JSON.stringify(packet).length;
		} catch {
			return undefined;
		}
	}
}

function asObject(value: unknown): object {
	return typeof value === "object" && value !== null ? value : {};
}
