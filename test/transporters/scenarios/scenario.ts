import type { Client } from "../../chaos/clients.ts";
import type { Cell } from "../cell.ts";
import type { Stage } from "../stage.ts";

/** Parts of the matrix. Scenarios of one part share a stage, and are played one after the other. */
export type Part =
	| "steady"
	| "outage-all"
	| "outage-sender"
	| "outage-gateway"
	| "restart"
	| "suspended"
	| "payloads";

/** What happens in a cell. */
export interface Scenario {
	readonly name: string;
	readonly part: Part;
	/** Whether events may be lost, if that is reported; otherwise nothing happens by which one could be. */
	readonly mayLose?: boolean;
	/** Why it cannot be played on a stage, or null. */
	impossible?(stage: Pick<Stage, "canCut" | "transporter">): string | null;
	/** Makes it happen, and records what is not true. What was delivered is judged afterwards. */
	play(cell: Cell): Promise<void>;
}

/** A client on each of the two gateways. */
export async function openOnEach(cell: Cell): Promise<Client[]> {
	return [...(await cell.open(cell.gateway(0), "s0")), ...(await cell.open(cell.gateway(1), "s1"))];
}

/** Events of all senders, and time for them to arrive. */
export async function sendAndSettle(cell: Cell, count: number, quiet?: number): Promise<void> {
	await cell.send(cell.stage.senders, { count });
	await cell.settle(quiet === undefined ? undefined : { within: cell.within, quiet });
}

/** Reasons for {@link Scenario.impossible}. */
export const ONE_NODE = "one node: there is no other";
export const ONE_PROCESS = "all nodes live in one process: there is no connection to cut";

export const needsNodes = ({ transporter }: Pick<Stage, "transporter">): string | null =>
	transporter.shape === "alone" ? ONE_NODE : null;

export const needsProcesses = (stage: Pick<Stage, "canCut" | "transporter">): string | null =>
	needsNodes(stage) ?? (stage.canCut ? null : ONE_PROCESS);
