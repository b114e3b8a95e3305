import type { ServiceBroker } from "moleculer";
import { guard } from "../../../core/errors/guard.ts";
import { listenToNodes } from "../node-events.ts";
import { POSITION } from "../position-report.ts";
import type { RegistryNode } from "../registry-node.ts";

/** Milliseconds after a report for which newly met gateways are collected, to be told together. */
const TOGETHER = 20;

/** Notices gateways that this node has not met, or whose process is another one, and has them told how far it has come. */
export class MetGateways {
	readonly #broker: ServiceBroker;
	readonly #tell: () => void;
	/** Gateways that it has met, each with its process. */
	readonly #met = new Map<string, string | null | undefined>();
	/** Runs while newly met gateways are collected. */
	#meeting: NodeJS.Timeout | undefined;
	#hasMetMore = false;

	/** @param tell Reports to all gateways. */
	constructor(broker: ServiceBroker, tell: () => void) {
		this.#broker = broker;
		this.#tell = tell;
	}

	/** Call this once, when the broker is created. */
	listen(onFault: (error: Error) => void): void {
		listenToNodes(this.#broker, {
			"$node.connected": guard(onFault, ({ node }) => this.#notice(node)),
			"$node.updated": guard(onFault, ({ node }) => {
				if (!this.#met.has(node.id) || this.#met.get(node.id) !== node.instanceID)
					this.#notice(node);
			}),
			"$node.disconnected": ({ node }) => this.#met.delete(node.id)
		});
	}

	/** Whether a node has a gateway, as far as Moleculer knows. */
	isGateway(nodeID: string): boolean {
		const endpoints = this.#broker.registry.events.getAllEndpoints(POSITION);
		return endpoints.some(({ id }: { id: string }) => id === nodeID);
	}

	/** Has the collected gateways told, if there are any. */
	tellCollected(): void {
		if (!this.#hasMetMore) return;
		this.stop();
		this.#meet();
	}

	/** Stops collecting. */
	stop(): void {
		clearTimeout(this.#meeting);
		this.#meeting = undefined;
	}

	#notice({ id, instanceID }: RegistryNode): void {
		if (!this.isGateway(id)) return;
		this.#met.set(id, instanceID);
		this.#meet();
	}

	/**
	 * Reports in the same turn, because a gateway must be told before it gets the next events. Nodes appear in crowds when a
	 * cluster starts: those met shortly after one are told together.
	 */
	#meet(): void {
		if (this.#meeting !== undefined) {
			this.#hasMetMore = true;
			return;
		}
		this.#hasMetMore = false;
		this.#meeting = setTimeout(() => {
			this.#meeting = undefined;
			if (this.#hasMetMore) this.#meet();
		}, TOGETHER).unref();
		this.#tell();
	}
}
