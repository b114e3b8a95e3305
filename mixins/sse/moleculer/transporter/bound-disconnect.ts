import type { ServiceBroker } from "moleculer";

/** Milliseconds that a transporter has to disconnect: a message broker that hangs never answers. */
const PATIENCE = 5000;

/** On a broker whose transporter is bounded. A registered symbol, because a process may load the package twice. */
const BOUNDED = Symbol.for("moleculer-sse.disconnect");

/** What is used of Moleculer's AMQP transporter. */
interface AmqpTransporter {
	readonly connection?: {
		readonly connection?: { readonly stream?: { destroy(error: Error): void } };
	} | null;
}

/**
 * Makes a stop return although the message broker hangs: Moleculer waits for it for as long as it does. An AMQP connection that
 * has not closed by then is cut off, so that it does not keep the process alive.
 *
 * Call this before the broker stops; calling it again for the same broker is harmless.
 */
export function boundDisconnect(broker: ServiceBroker): void {
	const { transit } = broker;
	if (!transit || Reflect.get(broker, BOUNDED) === true) return;
	Reflect.defineProperty(broker, BOUNDED, { value: true });
	const disconnect = transit.disconnect.bind(transit);
	transit.disconnect = () => {
		const disconnected = Promise.resolve(disconnect());
		return new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => {
				broker.logger.warn("SSE: the transporter does not disconnect. This node stops without it.");
				const { connection } = transit.tx as unknown as AmqpTransporter;
				connection?.connection?.stream?.destroy(new Error("The message broker does not answer."));
				resolve();
			}, PATIENCE);
			disconnected.then(() => resolve(), reject).finally(() => clearTimeout(timer));
		});
	};
}
