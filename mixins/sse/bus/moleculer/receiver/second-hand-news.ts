import { encodeOrigin } from "../../../core/event/event-id.ts";
import type { Loss } from "../../loss.ts";
import type { GoneNodes } from "../discovery/gone-nodes.ts";
import type { SenderDiscovery } from "../discovery/sender-discovery.ts";
import type { Departure, Witnesses } from "../discovery/witnesses.ts";
import type { GoneSender, PositionReport } from "../position-report.ts";

export interface SecondHandNewsSources {
	readonly witnesses: Witnesses;
	readonly discovery: Pick<SenderDiscovery, "awakeSince" | "processOf">;
	readonly gone: Pick<GoneNodes, "isSuspected" | "suspect">;
}

/**
 * What nodes report about others: senders that this gateway has not met, because they came and left while it could not hear
 * them, or that it does not know yet.
 */
export class SecondHandNews {
	/** The node of this gateway. */
	readonly #nodeID: string;
	readonly #from: SecondHandNewsSources;
	readonly #lost: (loss: Loss) => void;

	/** @param lost Called for what a sender sent while this gateway did not know it. */
	constructor(nodeID: string, from: SecondHandNewsSources, lost: (loss: Loss) => void) {
		this.#nodeID = nodeID;
		this.#from = from;
		this.#lost = lost;
	}

	/** Takes what another node reports about others. @param isAnswer It was asked. */
	learn({ gone, here }: PositionReport, isAnswer: boolean): void {
		this.#hearOf(gone);
		if (!isAnswer) return;
		this.#expect(here);
		this.#from.witnesses.answer();
	}

	/**
	 * Another node reports senders that have come and left. What they sent while this gateway did not know them has not
	 * arrived.
	 */
	#hearOf(reported: readonly GoneSender[]): void {
		const { witnesses, discovery, gone } = this.#from;
		const now = performance.now();
		const departures: Departure[] = [];
		for (const sender of reported) {
			const { nodeID, instance, ago } = sender;
			// That was an earlier process of this node, before this gateway existed.
			if (nodeID === this.#nodeID) continue;
			if (gone.isSuspected(nodeID, instance)) continue;
			// Times before that are not known.
			departures.push({ ...sender, at: Math.max(now - ago, discovery.awakeSince) });
		}
		for (const { nodeID, at } of witnesses.newsOf(departures)) this.#missUnmet(nodeID, at);
	}

	#missUnmet(nodeID: string, before: number): void {
		this.#lost({ origin: encodeOrigin(nodeID), before, isEarlier: true });
	}

	/**
	 * Another node lists senders that are not present here. Each is about to appear or has left: it may have died, or be cut
	 * off from this gateway alone.
	 */
	#expect(here: PositionReport["here"]): void {
		const { witnesses, discovery, gone } = this.#from;
		const now = performance.now();
		for (const [nodeID, instance] of here) {
			if (nodeID === this.#nodeID) continue;
			if (witnesses.isAccounted(nodeID, instance, now)) continue;
			const present = discovery.processOf(nodeID);
			// It is present; its services are about to become known.
			if (present?.instance === instance) continue;
			const isKnown = witnesses.hasMet(nodeID, instance);
			witnesses.account(nodeID, instance, now);
			if (present === undefined) gone.suspect(nodeID, instance);
			// Another process has replaced it, and this gateway never met it.
			else if (!isKnown) this.#missUnmet(nodeID, present.at);
		}
	}
}
