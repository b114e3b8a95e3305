import { LabelCounts } from "./label-counts.ts";

/**
 * Most nodes that are counted separately: the series of a node that has left stays, and each start of a container is a new one.
 */
export const MOST_NODES = 50;

const UNKNOWN = "unknown";
const OTHER = "other";
/** In addition to these nodes. */
export const OTHER_NODES: readonly string[] = [UNKNOWN, OTHER];

/** Numbers by node: separately for the first that appear, and for all others together. */
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
