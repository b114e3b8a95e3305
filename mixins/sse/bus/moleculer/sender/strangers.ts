import type { ServiceBroker } from "moleculer";
import { setNewest } from "../../../core/collections/set-newest.ts";
import { lookUp } from "../../../moleculer/transporter/look-up.ts";

/**
 * Questions of a stranger until it is looked up: a gateway that starts asks two or three times before Moleculer knows it. It asks
 * more and more seldom.
 */
const PATIENCE = 5;
/** Strangers remembered. */
const MOST = 1000;

/**
 * Nodes that ask and have no gateway, as far as Moleculer knows, which gives them no answer: what it knows of them may be of the
 * process that had the name before.
 */
export class Strangers {
	readonly #broker: ServiceBroker;
	/** How often each has asked. */
	readonly #asked = new Map<string, number>();

	constructor(broker: ServiceBroker) {
		this.#broker = broker;
	}

	/** A stranger asks. */
	asks(nodeID: string): void {
		const times = (this.#asked.get(nodeID) ?? 0) + 1;
		setNewest(this.#asked, nodeID, times, MOST);
		if (times % PATIENCE === 0) lookUp(this.#broker, nodeID);
	}

	/** A node is none any more. */
	forget(nodeID: string): void {
		this.#asked.delete(nodeID);
	}
}
