import type { ServiceBroker, Transit } from "moleculer";
import { reasonOf, toError } from "../../core/errors/guard.ts";
import type { BroadcastTracker } from "./broadcast-tracker.ts";

/** The part of a Moleculer packet that is read. */
export interface Packet {
	type: string;
	payload: { metadata?: object; event?: unknown };
}

/** Sends a packet over the transporter. */
export type SendPacket = (packet: Packet) => Promise<unknown>;

/** Packets that Moleculer sends by itself: nobody waits for them. */
const OWN: ReadonlySet<string> = new Set(["HEARTBEAT", "INFO", "DISCOVER", "DISCONNECT", "PONG"]);

/** Most milliseconds for which a stopping node's last messages may delay its departure. */
const PATIENCE = 1000;

/**
 * Sends packets so that none of them throws: a failure rejects. A packet that Moleculer sends by itself, and that a node cannot
 * send because it is leaving its transporter, does not even reject.
 *
 * Transporters and serializers may throw, as amqplib does on a channel that is closing. Moleculer has a `.catch` for each
 * packet, which does not see that: the error goes to whatever caused the packet, for example an action, or a timer, in which it
 * ends the process.
 *
 * @param broadcastTracker Is told what became of each packet.
 */
export function sendSafely(
	transit: Transit,
	send: SendPacket,
	broadcastTracker: BroadcastTracker
): SendPacket {
	/** What this node sends while it stops. */
	const last = new Set<Promise<unknown>>();
	const leave = async (packet: Packet): Promise<unknown> => {
		// Middlewares that compress or encrypt let small packets overtake large ones. If its last INFO came after its
		// departure, other nodes would take the node for present again, and would never hear where its events end.
		await within(Promise.allSettled(last), PATIENCE);
		return sendNow(packet);
	};
	const sendNow: SendPacket = packet => {
		let thrown: Error | undefined;
		let sent: Promise<unknown>;
		try {
			// A middleware may return anything.
			sent = Promise.resolve(send(packet));
		} catch (error) {
			thrown = toError(error);
			sent = Promise.reject(thrown);
		}
		broadcastTracker.note(packet, sent, thrown);
		if (isStopping(transit)) {
			last.add(sent);
			const forget = () => last.delete(sent);
			sent.then(forget, forget);
		}
		if (!OWN.has(packet.type)) return sent;
		return sent.catch((error: unknown) => {
			if (!isLeaving(transit)) throw error;
			transit.logger.debug(
				`SSE: ${packet.type} was not sent, because the node has disconnected: ${reasonOf(error)}`
			);
		});
	};
	return packet => {
		const isLast = packet.type === "DISCONNECT" && last.size > 0;
		return isLast ? leave(packet) : sendNow(packet);
	};
}

/** Resolves when the promise has settled, or after `milliseconds`. */
function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
	return new Promise(resolve => {
		const timer = setTimeout(resolve, milliseconds);
		void promise.finally(() => {
			clearTimeout(timer);
			resolve();
		});
	});
}

/** Makes a broker send its packets in this way, whatever its middlewares do with them. */
export function installSafeSending(
	{ transit }: ServiceBroker,
	broadcastTracker: BroadcastTracker
): void {
	if (!transit) return;
	const outgoing = transit as unknown as { publish: SendPacket };
	outgoing.publish = sendSafely(transit, outgoing.publish.bind(transit), broadcastTracker);
}

/** Whether the node is disconnecting, or has disconnected: nothing more can be sent. */
function isLeaving({ broker, connected, disconnecting, tx }: Transit): boolean {
	if (disconnecting || !(tx as { connected?: boolean }).connected) return true;
	// Not every transporter knows that it was told to disconnect. A node that starts is not connected yet either.
	return !connected && (broker as { stopping?: boolean }).stopping === true;
}

/** Whether the node is stopping, or disconnecting. */
function isStopping({ broker, disconnecting }: Transit): boolean {
	return disconnecting || (broker as { stopping?: boolean }).stopping === true;
}
