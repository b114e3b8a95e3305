import type { ServiceBroker } from "moleculer";
import type { Hearing } from "../core/continuity.ts";
import type { Report } from "../core/report.ts";

/** A node of Moleculer's registry. */
interface RegistryNode {
	readonly available?: boolean;
	readonly instanceID?: string | null;
}

/** Whether another process of a node is there than the one that says something, as far as that is known. */
export function isOfAnother(
	{ registry }: ServiceBroker,
	nodeID: string,
	instance: string | undefined
): boolean {
	const node: RegistryNode | undefined = registry.nodes.get(nodeID);
	const present = node?.available === true ? node.instanceID : undefined;
	return Boolean(present) && instance !== undefined && instance !== present;
}

/**
 * Which process of a node has said something: another one may have its name by now. What comes before Moleculer's news of a new
 * process cannot be told from what comes late of an old one; but nobody ends before it is known.
 *
 * @param isAnswer It answers what this gateway has asked the present one.
 */
export function lifeOf(
	{ registry }: ServiceBroker,
	nodeID: string,
	{ instance, isEnd }: Pick<Report, "instance" | "isEnd">,
	isAnswer: boolean
): Hearing["life"] {
	const node: RegistryNode | undefined = registry.nodes.get(nodeID);
	const present = node?.available === true ? node.instanceID : undefined;
	if (!present || instance === undefined) return isAnswer ? "present" : undefined;
	if (instance === present) return "present";
	return isEnd ? "former" : undefined;
}
