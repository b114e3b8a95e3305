import type { ServiceBroker } from "moleculer";

/** What is read of a transporter; channel and connection are those of AMQP. */
interface Transporter {
	connected?: boolean;
	/** Null when there is none, because the server has closed it; undefined on other transporters. */
	channel?: object | null;
	connection?: { close(): Promise<void> } | null;
	/** Of NATS, where the package nats 2 tells what becomes of its connection, and Moleculer does not listen. */
	client?: { status?(): AsyncIterable<{ type: string }> } | null;
	/** Of Redis. Moleculer 0.14.12 takes itself for connected when any is of those that it has made. */
	clientSub?: RedisClient | null;
	clientPub?: RedisClient | null;
}

/** Of the package ioredis. */
interface RedisClient {
	readonly status?: string;
}

/** What ioredis calls its state while there is no connection. */
const WITHOUT_CONNECTION: readonly unknown[] = ["connecting", "reconnecting", "close", "end"];

/** Clients of NATS that have lost their connection, and try to get it back. */
const away = new WeakSet<object>();
const watched = new WeakSet<object>();
/** What Moleculer's local bus tells when such a client is connected again. */
const RECONNECTED = "$sse.reconnected";

/** Whether the transporter is connected, as far as it knows; true without one. */
export function isConnected(broker: ServiceBroker): boolean {
	if (!broker.transit) return true;
	const { connected, client, clientSub, clientPub } = broker.transit.tx as Transporter;
	if (connected !== true || (client && away.has(client))) return false;
	return ![clientSub, clientPub].some(redis => WITHOUT_CONNECTION.includes(redis?.status));
}

/**
 * Whether the transporter drops what it is to send, without a word: AMQP's without a channel, and NATS while its client is away.
 * Others say so, or hold it back.
 */
export function dropsSilently(broker: ServiceBroker): boolean {
	if (!broker.transit) return false;
	const { channel, client } = broker.transit.tx as Transporter;
	return channel === null || (!!client && away.has(client));
}

/** Whether what other nodes send reaches this node now; a node without a transporter has no others. */
export function hearsOthers(broker: ServiceBroker): boolean {
	if (!broker.transit) return true;
	return isConnected(broker) && (broker.transit.tx as Transporter).channel !== null;
}

/**
 * Calls back whenever the transporter is connected, the first time as well.
 *
 * @returns Ends that.
 */
export function onConnected(broker: ServiceBroker, callback: () => void): () => void {
	broker.localBus.on("$transporter.connected", callback);
	broker.localBus.on(RECONNECTED, callback);
	return () => {
		broker.localBus.off("$transporter.connected", callback);
		broker.localBus.off(RECONNECTED, callback);
	};
}

/** On a broker whose channel is looked after; by name, not by identity: a process may load the package twice. */
const REVIVED = Symbol.for("moleculer-sse.revived");
/** Their client of NATS is watched; in each copy of the package apart, as {@link away} is. */
const watching = new WeakSet<ServiceBroker>();

/**
 * Notices what becomes of a broker's connection where Moleculer does not. Each half of the plugin needs that, and may run without
 * the other: it is to be called by both, and does nothing the second time.
 */
export function watchTransporter(broker: ServiceBroker): void {
	if (!watching.has(broker)) watchNats(broker);
	watching.add(broker);
	if (Reflect.get(broker, REVIVED) !== true) reviveDeafChannel(broker);
	Reflect.defineProperty(broker, REVIVED, { value: true });
}

/** Has {@link isConnected} know what only the client of NATS knows. */
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
	// A service may be created when it is connected.
	look();
}

/**
 * Notices when RabbitMQ closes the AMQP transporter's channel. Moleculer then goes on taking itself for
 * connected, and neither hears nor sends anything more, silently and for ever. The connection is closed,
 * upon which Moleculer connects anew; what was lost meanwhile shows as a gap.
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
			// amqplib throws at once, and not by its promise, where the connection is closing already.
			const close = async () => transporter.connection?.close();
			close().catch(error => broker.logger.error("SSE: cannot close the connection.", error));
		});
	});
}
