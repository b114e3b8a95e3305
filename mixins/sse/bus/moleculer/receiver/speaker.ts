import type { ServiceBroker } from "moleculer";
import type { RegistryNode } from "../registry-node.ts";
import type { ReportContext } from "../tracking/report-context.ts";

/** Who says something in a node's name: the process that Moleculer takes to be there, or another one; undefined if that is not known. */
export type Speaker = "present" | "other" | undefined;

/** @param instance Of who says it. */
export function speakerOf(
	{ registry }: ServiceBroker,
	nodeID: string,
	instance: string | undefined
): Speaker {
	const node: RegistryNode | undefined = registry.nodes.get(nodeID);
	const present = node?.available === true ? node.instanceID : undefined;
	if (!present || instance === undefined) return undefined;
	return instance === present ? "present" : "other";
}

/**
 * Which of a node's lives a report is of. What comes before Moleculer's news of a new process cannot be told from what comes late of
 * an old one; but nobody ends before it is known.
 *
 * @param isAnswer It answers what this gateway has asked the present one.
 */
export function lifeOfReport(
	speaker: Speaker,
	isEnd: boolean,
	isAnswer: boolean
): ReportContext["life"] {
	if (speaker === "other") return isEnd ? "former" : undefined;
	return speaker === "present" || isAnswer ? "present" : undefined;
}
