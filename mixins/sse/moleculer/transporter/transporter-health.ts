import type { ServiceBroker } from "moleculer";
import { boundDisconnect } from "./bound-disconnect.ts";

/** The part of a transporter that is read; channel and connection are those of AMQP. */
interface Transporter {
	connected?: boolean;
	/** Null if there is none because the server has closed it; undefined on other transporters. */
	channel?: object | null;
	connection?: { close(): Promise<void> } | null;
	/** NATS: in the package nats 2 it reports what becomes of its connection, and Moleculer does not listen. */
	client?: { status?(): AsyncIterable<{ type: string }> } | null;
	/** Redis. Moleculer 0.14.12 considers itself connected when any one of the clients that it has made is. */
	clientSub?: RedisClient | null;
	clientPub?: RedisClient | null;
}

/** A client of the package ioredis. */
interface RedisClient {
	readonly status?: string;
}

/** The states of ioredis without a connection. */
const WITHOUT_CONNECTION: readonly unknown[] = ["connecting", "reconnecting", "close", "end"];

/** NATS clients that have lost their connection, and try to restore it. */
const away = new WeakSet<object>();
const watched = new WeakSet<object>();
/** Event of Moleculer's local bus: such a client is connected again. */
const RECONNECTED = "$sse.reconnected";

/** Whether the transporter is connected, as far as it knows; true without a transporter. */
export function isConnected(broker: ServiceBroker): boolean {
	if (!broker.transit) return true;
	const { connected, client, clientSub, clientPub } = broker.transit.tx as Transporter;
	if (connected !== true || (client && away.has(client))) return false;
	return ![clientSub, clientPub].some(redis => WITHOUT_CONNECTION.includes(redis?.status));
}

/**
 * Whether the transporter silently drops what it is to send: AMQP's without a channel, and NATS while its client is away.
 * Others report it, or hold it back.
 */
export function dropsSilently(broker: ServiceBroker): boolean {
	if (!broker.transit) return false;
	const { channel, client } = broker.transit.tx as Transporter;
	return channel === null || (!!client && away.has(client));
}

/** Whether what other nodes send reaches this node now; true without a transporter, because then there are no others. */
export function hearsOthers(broker: ServiceBroker): boolean {
	if (!broker.transit) return true;
	return isConnected(broker) && (broker.transit.tx as Transporter).channel !== null;
}

/**
 * Calls back whenever the transporter is connected, including the first time.
 *
 * @returns Stops the calls.
 */
export function onConnected(broker: ServiceBroker, callback: () => void): () => void {
	broker.localBus.on("$transporter.connected", callback);
	broker.localBus.on(RECONNECTED, callback);
	return () => {
		broker.localBus.off("$transporter.connected", callback);
		broker.localBus.off(RECONNECTED, callback);
	};
}

/** On a broker whose channel is watched. A registered symbol, because a process may load the package twice. */
const REVIVED = Symbol.for("moleculer-sse.revived");
/** Brokers whose NATS client is watched; separate in each copy of the package, like {@link away}. */
const watching = new WeakSet<ServiceBroker>();

/**
 * Notices changes of a broker's connection where Moleculer does not. Each half of the plugin needs that, and may run without
 * the other: both call this, and the second call does nothing.
 */
export function watchTransporter(broker: ServiceBroker): void {
	boundDisconnect(broker);
	if (!watching.has(broker)) watchNats(broker);
	watching.add(broker);
	if (Reflect.get(broker, REVIVED) !== true) reviveDeafChannel(broker);
	Reflect.defineProperty(broker, REVIVED, { value: true });
}

/** Makes {@link isConnected} know what only the NATS client knows. */
function watchNats(broker: ServiceBroker): void {
	const look = (): void => {
		const client = (broker.transit?.tx as Transporter | undefined)?.client;
		if (!client || typeof client.status !== "function" || watched.has(client)) return;
		watched.add(client);
		const watch = async (): Promise<void> => {
			for await (const { type } of client.status?.() ?? []) {
				if (type === "disconnect") away.add(client);
				if (type !== "reconnect") continue;
				away.delete(client);
				broker.localBus.emit(RECONNECTED);
			}
		};
		watch().catch(error =>
			broker.logger.debug("SSE: cannot read the state of the NATS connection.", error)
		);
	};
	broker.localBus.on("$transporter.connected", look);
	// A service may be created when the transporter is connected already.
	look();
}

/**
 * Notices when RabbitMQ closes the AMQP transporter's channel. Moleculer then still considers itself connected, and neither
 * receives nor sends anything more, silently and for ever. The connection is closed, so that Moleculer reconnects; what was
 * lost meanwhile shows as a gap.
 */
function reviveDeafChannel(broker: ServiceBroker): void {
	broker.localBus.on("$transporter.error", () => {
		// The channel's end follows its error.
		setImmediate(() => {
			const { transit } = broker;
			const transporter = transit?.tx as Transporter | undefined;
			if (transit?.disconnecting || !transporter?.connected || transporter.channel !== null) return;
			broker.logger.error(
				"SSE: the message broker closed the transporter's channel, so this node neither sends nor receives. " +
					"Its connection is closed and opened again."
			);
			// If the connection is closing already, amqplib throws at once instead of rejecting.
			const close = async () => transporter.connection?.close();
			close().catch(error => broker.logger.error("SSE: cannot close the connection.", error));
		});
	});
}
