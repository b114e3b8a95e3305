import type { RevocationKey } from "../core/close-header.ts";
import { Continuity } from "../core/continuity.ts";
import { encodeOrigin, parseId } from "../core/id.ts";
import type { Loss } from "../core/loss.ts";
import { readReport } from "../core/report.ts";
import { Decision } from "./decision.ts";
import { lifeOf, speakerOf } from "./life-of.ts";
import type { GatewayService } from "./types.ts";

/**
 * Notices the revocations that have not come here, by the numbers that `SseMiddleware` gives them and by what senders say of
 * these. It holds nothing up: what comes is carried out at once, whatever is missing before it.
 *
 * Only what is known to have been sent counts as missed. That a node is gone, and may have revoked something before, would end
 * every stream whenever a service crashes.
 */
export class MissedRevocations {
	readonly #continuity: Continuity<undefined>;
	readonly #service: GatewayService;
	readonly #decision: Decision;

	/** @param missed Called once for all that are found missing at a time. */
	constructor(service: GatewayService, missed: (loss: Loss) => void) {
		this.#service = service;
		this.#continuity = new Continuity({
			handOn() {},
			failed() {},
			lost: loss => {
				// With a life ends what was missing of it, if something was.
				if (loss.upTo !== undefined || loss.isKnown) missed(loss);
			}
		});
		this.#decision = new Decision(
			() => this.#continuity.nextDecision,
			() => this.#continuity.decide(performance.now()),
			error => service.logger.error("SSE: cannot check for lost revocations.", error)
		);
	}

	/** A revocation has come, as a Moleculer event. */
	came(key: RevocationKey | undefined): void {
		const id = key && parseId(key.id);
		if (id === undefined) return;
		this.#continuity.observe(id, undefined, performance.now(), 0);
		this.#decision.schedule();
	}

	/** A node has said how many it has sent. Other input is passed over. */
	hear(input: unknown, nodeID: string): void {
		const report = readReport(input);
		if (report?.of !== "close") return;
		const { broker } = this.#service;
		this.#continuity.hear(encodeOrigin(nodeID), report, performance.now(), {
			life: lifeOf(speakerOf(broker, nodeID, report.instance), report.isEnd, false),
			// Within a node nothing overtakes.
			...(nodeID === broker.nodeID && { patience: 0 })
		});
		this.#decision.schedule();
	}

	/** Decides nothing more until something comes again. */
	stop(): void {
		this.#decision.stop();
	}
}
