import type { ServiceBroker } from "moleculer";

/** What is read of a transporter; channel and connection are those of AMQP. */
interface Transporter {
	connected?: boolean;
	/** Null when there is none, because the server has closed it; undefined on other transporters. */
	channel?: object | null;
	connection?: { close(): Promise<void> } | null;
}

/** Whether the transporter is connected, as far as it knows; true without one. */
export function isConnected(broker: ServiceBroker): boolean {
	return !broker.transit || (broker.transit.tx as Transporter).connected === true;
}

/** Whether what other nodes send reaches this node now; a node without a transporter has no others. */
export function hearsOthers(broker: ServiceBroker): boolean {
	if (!broker.transit) return true;
	const transporter = broker.transit.tx as Transporter;
	return transporter.connected === true && transporter.channel !== null;
}

/**
 * Notices when RabbitMQ closes the AMQP transporter's channel. Moleculer then goes on taking itself for
 * connected, and neither hears nor sends anything more, silently and for ever. The connection is closed,
 * upon which Moleculer connects anew; what was lost meanwhile shows as a gap.
 */
export function reviveDeafChannel(broker: ServiceBroker): void {
	broker.localBus.on("$transporter.error", () => {
		// The channel's end follows its error.
		setImmediate(() => {
			const { transit } = broker;
			const transporter = transit?.tx as Transporter | undefined;
			if (transit?.disconnecting || !transporter?.connected || transporter.channel !== null) return;
			broker.logger.error(
				"SSE: the message broker has closed the transporter's channel: this node is deaf and mute. " +
					"Its connection is closed, to be opened anew."
			);
			// amqplib throws at once, and not by its promise, where the connection is closing already.
			const close = async () => transporter.connection?.close();
			close().catch(error => broker.logger.error("SSE: cannot close the connection.", error));
		});
	});
}
