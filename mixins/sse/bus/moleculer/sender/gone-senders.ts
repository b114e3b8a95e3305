import type { ServiceBroker } from "moleculer";
import { guard } from "../../../core/errors/guard.ts";
import type { GoneSender } from "../position-report.ts";
import type { RegistryNode } from "../registry-node.ts";

/** Senders remembered, the latest. */
const MOST = 1000;

/** What Moleculer's local bus tells when this node's gateway hears a process of another say that it ends. */
export const ENDED = "$sse.ended";

/** See {@link ENDED}. */
export interface Ended {
	readonly nodeID: string;
	/** Moleculer's `instanceID`. */
	readonly instance: string;
	/** Whether it says to have sent something, in that of its sequences of which it says so. */
	readonly hasSent: boolean;
}

interface Departed {
	readonly nodeID: string;
	readonly instance: string;
	/** `performance.now()`. */
	readonly at: number;
	/** It has said so; false if it has not, or is not heard here. */
	hasSent: boolean;
}

/**
 * Remembers which senders have come and gone. A gateway that was cut off meanwhile has never met them, and what they sent never
 * comes to it; who was there can tell.
 */
export class GoneSenders {
	readonly #broker: ServiceBroker;
	readonly #service: string;
	readonly #present = new Map<string, string>();
	#gone: Departed[] = [];

	/** @param service That by which a node is known to be a sender. */
	constructor(broker: ServiceBroker, service: string) {
		this.#broker = broker;
		this.#service = service;
	}

	/** To be called once, when the broker is created. */
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

	/** Those that were missed in the last so many milliseconds. */
	within(duration: number): GoneSender[] {
		const now = performance.now();
		return this.#gone.flatMap(({ at, ...gone }) =>
			now - at <= duration ? [{ ...gone, ago: Math.floor(now - at) }] : []
		);
	}

	/** Those that are there. */
	get here(): [nodeID: string, instance: string][] {
		return [...this.#present];
	}

	#note({ id, instanceID, services = [] }: RegistryNode): void {
		// One that is restarted at once was never gone to Moleculer.
		if (this.#present.get(id) !== instanceID) this.#miss(id);
		if (!instanceID || !services.some(({ name }) => name === this.#service)) return;
		this.#present.set(id, instanceID);
	}

	/** Where nodes look for each other now and then, one that lives shortly is known to nobody but by what it says. */
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
