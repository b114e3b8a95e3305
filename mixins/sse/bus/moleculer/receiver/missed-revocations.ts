import { encodeOrigin, parseId } from "../../../core/event/event-id.ts";
import type { RevocationKey } from "../../../core/revocation/revocation-key.ts";
import type { HostService } from "../../../moleculer/host-service.ts";
import type { Loss } from "../../loss.ts";
import { readReport } from "../position-report.ts";
import { SequenceTracker } from "../tracking/sequence-tracker.ts";
import { ReadFirstTimer } from "./read-first-timer.ts";
import { lifeOfReport, speakerOf } from "./speaker.ts";

/**
 * Notices revocations that have not arrived, from the numbers that `SseMiddleware` gives them and from senders' position
 * reports. It delays nothing: a revocation takes effect on arrival, whatever is missing before it.
 *
 * Only a revocation that is known to have been sent counts as missed. A node that has left may have revoked something before,
 * but counting that would end every stream whenever a service crashes.
 */
export class MissedRevocations {
	readonly #tracker: SequenceTracker<undefined>;
	readonly #service: HostService;
	readonly #lossTimer: ReadFirstTimer;

	/** @param missed Called once for all revocations that are found missing together. */
	constructor(service: HostService, missed: (loss: Loss) => void) {
		this.#service = service;
		this.#tracker = new SequenceTracker({
			isUnordered: true,
			handOn() {},
			failed() {},
			lost: loss => {
				// When a life ends, what was missing of it is missed for good; if nothing was, its end is no loss.
				const isMissed = loss.upTo !== undefined || loss.isKnown === true;
				if (isMissed) missed(loss);
				return isMissed;
			}
		});
		this.#lossTimer = new ReadFirstTimer(
			() => this.#tracker.nextDecision,
			() => this.#tracker.decide(performance.now()),
			error => service.logger.error("SSE: cannot check for lost revocations.", error)
		);
	}

	/** A revocation has arrived as a Moleculer event. */
	came(key: RevocationKey | undefined): void {
		const id = key && parseId(key.id);
		if (id === undefined) return;
		this.#tracker.observe(id, undefined, performance.now(), 0);
		this.#lossTimer.schedule();
	}

	/** Takes a node's report of how many it has sent. Ignores other input. */
	hear(input: unknown, nodeID: string): void {
		const report = readReport(input);
		if (report?.of !== "close") return;
		const { broker } = this.#service;
		this.#tracker.hear(encodeOrigin(nodeID), report, performance.now(), {
			life: lifeOfReport(speakerOf(broker, nodeID, report.instance), report.isEnd, false),
			// Within a node, no message overtakes another.
			...(nodeID === broker.nodeID && { patience: 0 })
		});
		this.#lossTimer.schedule();
	}

	/** Decides nothing more until something arrives again. */
	stop(): void {
		this.#lossTimer.stop();
	}
}
