import type { ServiceBroker } from "moleculer";
import { setNewest } from "../../../core/collections/set-newest.ts";
import { lookUp } from "../../../moleculer/transporter/look-up.ts";

/**
 * Questions after which a stranger is looked up: a gateway that starts asks two or three times before Moleculer knows it, at
 * growing intervals.
 */
const PATIENCE = 5;
/** Most strangers that are remembered. */
const MOST = 1000;

/**
 * Nodes that ask although, as far as Moleculer knows, they have no gateway, so that no answer reaches them: Moleculer may know
 * an earlier process with that node id.
 */
export class Strangers {
	readonly #broker: ServiceBroker;
	/** How often each one has asked. */
	readonly #asked = new Map<string, number>();

	constructor(broker: ServiceBroker) {
		this.#broker = broker;
	}

	/** A stranger has asked. */
	asks(nodeID: string): void {
		const times = (this.#asked.get(nodeID) ?? 0) + 1;
		setNewest(this.#asked, nodeID, times, MOST);
		if (times % PATIENCE === 0) lookUp(this.#broker, nodeID);
	}

	/** A node is no longer a stranger. */
	forget(nodeID: string): void {
		this.#asked.delete(nodeID);
	}
}
