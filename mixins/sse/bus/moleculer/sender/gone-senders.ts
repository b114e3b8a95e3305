import type { ServiceBroker } from "moleculer";
import { guard } from "../../../core/errors/guard.ts";
import type { GoneSender } from "../position-report.ts";
import type { RegistryNode } from "../registry-node.ts";

/** Most departed senders that are remembered; beyond that, the older half is dropped. */
const MOST = 1000;

/** The event of Moleculer's local bus that this node's gateway emits when another node's process reports its end. */
export const ENDED = "$sse.ended";

/** See {@link ENDED}. */
export interface Ended {
	readonly nodeID: string;
	/** Moleculer's `instanceID`. */
	readonly instance: string;
	/** Whether something was sent in the sequence that it reports. */
	readonly hasSent: boolean;
}

interface Departed {
	readonly nodeID: string;
	readonly instance: string;
	/** `performance.now()`. */
	readonly at: number;
	/** Whether it reported that it had sent something; false if it did not, or was not heard here. */
	hasSent: boolean;
}

/**
 * Remembers which senders have come and left. A gateway that was cut off meanwhile never met them, and never gets what they
 * sent; a node that was there can tell it.
 */
export class GoneSenders {
	readonly #broker: ServiceBroker;
	readonly #service: string;
	readonly #present = new Map<string, string>();
	#gone: Departed[] = [];

	/** @param service Name of the service that marks a node as a sender. */
	constructor(broker: ServiceBroker, service: string) {
		this.#broker = broker;
		this.#service = service;
	}

	/** Call this once, when the broker is created. */
	listen(): void {
		const onFault = (error: Error): void =>
			this.#broker.logger.error("SSE: cannot keep track of the nodes that come and go.", error);
		const note = guard(onFault, ({ node }: { node: RegistryNode }) => this.#note(node));
		this.#broker.localBus.on("$node.connected", note);
		this.#broker.localBus.on("$node.updated", note);
		this.#broker.localBus.on(
			"$node.disconnected",
			guard(onFault, ({ node }: { node: RegistryNode }) => this.#miss(node.id))
		);
		this.#broker.localBus.on(
			ENDED,
			guard(onFault, (ended: Ended) => this.#end(ended))
		);
	}

	/** Senders whose departure was noticed in the last `duration` milliseconds. */
	within(duration: number): GoneSender[] {
		const now = performance.now();
		return this.#gone.flatMap(({ at, ...gone }) =>
			now - at <= duration ? [{ ...gone, ago: Math.floor(now - at) }] : []
		);
	}

	/** Senders that are present. */
	get here(): [nodeID: string, instance: string][] {
		return [...this.#present];
	}

	#note({ id, instanceID, services = [] }: RegistryNode): void {
		// Moleculer does not report a node as gone if it restarts at once.
		if (this.#present.get(id) !== instanceID) this.#miss(id);
		if (!instanceID || !services.some(({ name }) => name === this.#service)) return;
		this.#present.set(id, instanceID);
	}

	/** Where nodes discover each other only now and then, a short-lived process is known only by its own reports. */
	#end({ nodeID, instance, hasSent }: Ended): void {
		if (this.#present.get(nodeID) === instance) this.#miss(nodeID);
		const known = this.#gone.findLast(gone => gone.instance === instance);
		if (known === undefined) this.#add(nodeID, instance, hasSent);
		else known.hasSent ||= hasSent;
	}

	#miss(nodeID: string): void {
		const instance = this.#present.get(nodeID);
		if (instance === undefined) return;
		this.#present.delete(nodeID);
		this.#add(nodeID, instance);
	}

	#add(nodeID: string, instance: string, hasSent = false): void {
		this.#gone.push({ nodeID, instance, at: performance.now(), hasSent });
		if (this.#gone.length > MOST) this.#gone = this.#gone.slice(-MOST / 2);
	}
}
