import { setNewest } from "../../../core/collections/set-newest.ts";
import type { RegistryNode } from "../registry-node.ts";

/** Most ended processes that are remembered. */
const MAX_ENDED = 1000;

/** A process of a node. */
export interface NodeProcess {
	readonly instance: string | null | undefined;
	/** `performance.now()` when it became known. */
	readonly at: number;
}

/** Which process runs under each node id, as far as Moleculer knows, and which have reported their end. */
export class NodeProcesses {
	readonly #there = new Map<string, NodeProcess>();
	/** By node id. Moleculer may list them as present again, because of news that was overtaken. */
	readonly #ended = new Map<string, string>();

	/** The process of a node; undefined if the node is not present. */
	get(nodeID: string): NodeProcess | undefined {
		return this.#there.get(nodeID);
	}

	/** A node is present. */
	know({ id, instanceID }: RegistryNode): void {
		if (!this.isOther(id, instanceID) && this.#there.has(id)) return;
		this.#there.set(id, { instance: instanceID, at: performance.now() });
	}

	/** Whether a node is known as another process. */
	isOther(nodeID: string, instance: RegistryNode["instanceID"]): boolean {
		const known = this.#there.get(nodeID);
		return known !== undefined && known.instance !== instance;
	}

	/** A node has left. */
	left(nodeID: string): void {
		this.#there.delete(nodeID);
	}

	/** Forgets which nodes are present, to look them up again. */
	clear(): void {
		this.#there.clear();
	}

	/** A process of a node has reported its end. */
	end(nodeID: string, instance: string): void {
		setNewest(this.#ended, nodeID, instance, MAX_ENDED);
	}

	/** A node has answered, so it has not ended. */
	answered(nodeID: string): void {
		this.#ended.delete(nodeID);
	}

	/** Whether the present process of a node has reported its end. */
	hasEnded(nodeID: string): boolean {
		const instance = this.#there.get(nodeID)?.instance;
		return Boolean(instance) && instance === this.#ended.get(nodeID);
	}
}
