import type { ServiceBroker } from "moleculer";

/** Milliseconds that a start waits for the transporter. */
const PATIENCE = 3000;

const patient = new WeakSet<ServiceBroker>();

/**
 * Lets a gateway serve HTTP although its transporter cannot be reached when it starts. Moleculer starts
 * no service before its transporter has connected, though it lets one run on when it disconnects; a
 * gateway that waits leaves its pages unserved and its streams closed for as long as the message broker is
 * down. Moleculer goes on trying; when it succeeds, the node announces itself to the others.
 *
 * To be called before the broker starts; again for the same broker is harmless.
 */
export function startWithoutTransporter(broker: ServiceBroker): void {
	const { transit } = broker;
	if (!transit || patient.has(broker)) return;
	patient.add(broker);

	const connect = transit.connect.bind(transit);
	transit.connect = () => {
		let late = false;
		const connected = connect().then(() => {
			// What the node announced of itself when it started went nowhere.
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
