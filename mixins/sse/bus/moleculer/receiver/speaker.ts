import type { ServiceBroker } from "moleculer";
import type { RegistryNode } from "../registry-node.ts";
import type { ReportContext } from "../tracking/report-context.ts";

/** Which process reports under a node's id: the one that Moleculer knows, or another; undefined if that is not known. */
export type Speaker = "present" | "other" | undefined;

/** @param instance Of the process that reports. */
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
 * The life of a node that a report belongs to. A report that arrives before Moleculer's news of a new process looks like a late
 * one of an old process; but no process ends before Moleculer knows it.
 *
 * @param isAnswer Whether it answers a question that this gateway asked the present process.
 */
export function lifeOfReport(
	speaker: Speaker,
	isEnd: boolean,
	isAnswer: boolean
): ReportContext["life"] {
	if (speaker === "other") return isEnd ? "former" : undefined;
	return speaker === "present" || isAnswer ? "present" : undefined;
}
