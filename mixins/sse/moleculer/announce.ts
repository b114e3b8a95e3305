import type { ServiceBroker } from "moleculer";
import { guard } from "../core/guard.ts";
import type { Position } from "../core/id.ts";
import type { Packet } from "./packets.ts";

/** Where a node's events are, in the metadata of the INFO packet that it sends to nodes it meets. */
const KEY = "sse.position";

/** A node of Moleculer's registry. */
interface Node {
	id: string;
	metadata?: unknown;
}

/**
 * Announces with a node's INFO packets how far its events have come. A gateway that meets the node then
 * knows which event to expect first, and notices if events went by before the node knew the gateway.
 */
export function announce(packet: Packet, position: Position): Packet {
	if (packet.type !== "INFO") return packet;
	const { payload } = packet;
	// A copy: Moleculer keeps the payload for the next packet.
	packet.payload = { ...payload, metadata: { ...payload.metadata, [KEY]: position } };
	return packet;
}

/**
 * Hands on what nodes announce: those that are known, and those that are met later.
 *
 * Listens on the broker's own bus: an event in the gateway's schema would merge with the application's.
 *
 * @returns Stops listening.
 */
export function listenForPositions(
	broker: ServiceBroker,
	listener: (nodeID: string, position: Position) => void
): () => void {
	// Moleculer tells of nodes while it goes through their packets.
	const onFault = (error: Error): void =>
		broker.logger.error("SSE: what a node announced was not taken.", error);
	const hear = guard(onFault, (node: Node): void => {
		const position = announcedBy(node);
		if (position !== undefined) listener(node.id, position);
	});
	const onNode = ({ node }: { node: Node }): void => hear(node);
	for (const node of broker.registry.nodes.toArray()) hear(node);
	broker.localBus.on("$node.connected", onNode);
	broker.localBus.on("$node.updated", onNode);
	return () => {
		broker.localBus.off("$node.connected", onNode);
		broker.localBus.off("$node.updated", onNode);
	};
}

/** What a node has announced, if it has; metadata is whatever the other node put there. */
function announcedBy({ metadata }: Node): Position | undefined {
	if (typeof metadata !== "object" || metadata === null) return undefined;
	const position = (metadata as Record<string, unknown>)[KEY];
	if (typeof position !== "object" || position === null) return undefined;
	const { epoch, seq } = position as Partial<Position>;
	if (typeof epoch !== "string" || !Number.isSafeInteger(seq)) return undefined;
	return { epoch, seq: seq as number };
}
