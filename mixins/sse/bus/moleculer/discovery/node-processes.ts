import { setNewest } from "../../../core/collections/set-newest.ts";
import type { RegistryNode } from "../registry-node.ts";

/** Processes that have ended, remembered. */
const MAX_ENDED = 1000;

/** A process of a node. */
export interface NodeProcess {
	readonly instance: string | null | undefined;
	/** `performance.now()` since which it is known. */
	readonly at: number;
}

/** Which process each node is, as Moleculer knows it, and which have said that they end. */
export class NodeProcesses {
	readonly #there = new Map<string, NodeProcess>();
	/** Moleculer may take them to be there again, by news that was overtaken. */
	readonly #ended = new Map<string, string>();

	/** That of a node; undefined if it is not there. */
	get(nodeID: string): NodeProcess | undefined {
		return this.#there.get(nodeID);
	}

	/** A node is there. */
	know({ id, instanceID }: RegistryNode): void {
		if (!this.isOther(id, instanceID) && this.#there.has(id)) return;
		this.#there.set(id, { instance: instanceID, at: performance.now() });
	}

	/** Whether a node is known as another process. */
	isOther(nodeID: string, instance: RegistryNode["instanceID"]): boolean {
		const known = this.#there.get(nodeID);
		return known !== undefined && known.instance !== instance;
	}

	/** A node is gone. */
	left(nodeID: string): void {
		this.#there.delete(nodeID);
	}

	/** Which nodes are there is looked up anew. */
	clear(): void {
		this.#there.clear();
	}

	/** A process of a node has said that it ends. */
	end(nodeID: string, instance: string): void {
		setNewest(this.#ended, nodeID, instance, MAX_ENDED);
	}

	/** A node has answered: it has not ended. */
	answered(nodeID: string): void {
		this.#ended.delete(nodeID);
	}

	/** Whether the process that a node is has said that it ends. */
	hasEnded(nodeID: string): boolean {
		const instance = this.#there.get(nodeID)?.instance;
		return Boolean(instance) && instance === this.#ended.get(nodeID);
	}
}
