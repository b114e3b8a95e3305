import type { ServiceBroker } from "moleculer";
import { endAttemptsWithStop } from "./end-attempts.ts";

/** Milliseconds for which a start waits for the transporter. */
const PATIENCE = 3000;

const patient = new WeakSet<ServiceBroker>();

/**
 * Lets a gateway serve HTTP even if its transporter cannot be reached when it starts. Moleculer starts no service before its
 * transporter has connected, though it lets one continue after a disconnect. A gateway that waits serves no pages and opens no
 * streams for as long as the message broker is down. Moleculer keeps trying; once it succeeds, the node announces itself to the
 * others.
 *
 * Call this before the broker starts; calling it again for the same broker is harmless.
 */
export function startWithoutTransporter(broker: ServiceBroker): void {
	const { transit } = broker;
	if (!transit || patient.has(broker)) return;
	patient.add(broker);
	endAttemptsWithStop(broker);

	const connect = transit.connect.bind(transit);
	transit.connect = () => {
		let late = false;
		const connected = connect().then(() => {
			// What the node announced about itself when it started was not sent.
			if (late) return transit.discoverer.sendLocalNodeInfo();
		});
		connected.catch(error => broker.logger.error("SSE: cannot announce this node.", error));

		return new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => {
				late = true;
				broker.logger.warn(
					"SSE: the transporter is not connected. This node serves HTTP meanwhile, and keeps trying."
				);
				resolve();
			}, PATIENCE);
			connected.then(resolve, reject).finally(() => clearTimeout(timer));
		});
	};
}
