import type { ServiceBroker } from "moleculer";
import type { RegistryNode } from "./registry-node.ts";

/** What is called at an event that a broker emits on its own node, by the event's name. Must not throw. */
export type NodeEventListeners = Readonly<
	Record<string, (payload: { readonly node: RegistryNode }) => void>
>;

/** Listens to what a broker tells its own node about nodes and their services. @returns Stops listening. */
export function listenToNodes(
	{ localBus }: ServiceBroker,
	listeners: NodeEventListeners
): () => void {
	for (const [name, listener] of Object.entries(listeners)) localBus.on(name, listener);
	return () => {
		for (const [name, listener] of Object.entries(listeners)) localBus.off(name, listener);
	};
}
