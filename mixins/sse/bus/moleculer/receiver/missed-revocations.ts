import { encodeOrigin, parseId } from "../../../core/event/event-id.ts";
import type { RevocationKey } from "../../../core/revocation/revocation-key.ts";
import type { HostService } from "../../../moleculer/host-service.ts";
import type { Loss } from "../../loss.ts";
import { readReport } from "../position-report.ts";
import { SequenceTracker } from "../tracking/sequence-tracker.ts";
import { LossTimer } from "./loss-timer.ts";
import { lifeOfReport, speakerOf } from "./speaker.ts";

/**
 * Notices the revocations that have not come here, by the numbers that `SseMiddleware` gives them and by what senders say of
 * these. It holds nothing up: what comes is carried out at once, whatever is missing before it.
 *
 * Only what is known to have been sent counts as missed. That a node is gone, and may have revoked something before, would end
 * every stream whenever a service crashes.
 */
export class MissedRevocations {
	readonly #tracker: SequenceTracker<undefined>;
	readonly #service: HostService;
	readonly #lossTimer: LossTimer;

	/** @param missed Called once for all that are found missing at a time. */
	constructor(service: HostService, missed: (loss: Loss) => void) {
		this.#service = service;
		this.#tracker = new SequenceTracker({
			isUnordered: true,
			handOn() {},
			failed() {},
			lost: loss => {
				// With a life ends what was missing of it, if something was.
				const isMissed = loss.upTo !== undefined || loss.isKnown === true;
				if (isMissed) missed(loss);
				return isMissed;
			}
		});
		this.#lossTimer = new LossTimer(
			() => this.#tracker.nextDecision,
			() => this.#tracker.decide(performance.now()),
			error => service.logger.error("SSE: cannot check for lost revocations.", error)
		);
	}

	/** A revocation has come, as a Moleculer event. */
	came(key: RevocationKey | undefined): void {
		const id = key && parseId(key.id);
		if (id === undefined) return;
		this.#tracker.observe(id, undefined, performance.now(), 0);
		this.#lossTimer.schedule();
	}

	/** A node has said how many it has sent. Other input is passed over. */
	hear(input: unknown, nodeID: string): void {
		const report = readReport(input);
		if (report?.of !== "close") return;
		const { broker } = this.#service;
		this.#tracker.hear(encodeOrigin(nodeID), report, performance.now(), {
			life: lifeOfReport(speakerOf(broker, nodeID, report.instance), report.isEnd, false),
			// Within a node nothing overtakes.
			...(nodeID === broker.nodeID && { patience: 0 })
		});
		this.#lossTimer.schedule();
	}

	/** Decides nothing more until something comes again. */
	stop(): void {
		this.#lossTimer.stop();
	}
}
