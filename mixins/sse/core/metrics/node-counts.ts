import { LabelCounts } from "./label-counts.ts";

/** Nodes that are told apart; a series of a node that is gone stays, and each start of a container is a new one. */
export const MOST_NODES = 50;

const UNKNOWN = "unknown";
const OTHER = "other";
/** Besides these nodes. */
export const OTHER_NODES: readonly string[] = [UNKNOWN, OTHER];

/** Numbers by node: of the first that come, and of all others together. */
export class NodeCounts extends LabelCounts {
	#nodes = 0;

	constructor() {
		super(OTHER_NODES);
	}

	/** @param nodeID Empty if it is not known. */
	override add(nodeID: string, count = 1): void {
		super.add(this.#keyOf(nodeID), count);
	}

	#keyOf(nodeID: string): string {
		if (nodeID === "") return UNKNOWN;
		if (nodeID in this.counts) return nodeID;
		if (this.#nodes === MOST_NODES) return OTHER;
		this.#nodes++;
		this.counts[nodeID] = 0;
		return nodeID;
	}
}
