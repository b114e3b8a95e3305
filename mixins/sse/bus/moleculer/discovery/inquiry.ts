import type { ServiceBroker } from "moleculer";
import { hearsOthers } from "../../../moleculer/transporter/transporter-health.ts";
import { AskedNodes } from "./asked-nodes.ts";
import { QuestionTimer } from "./question-timer.ts";
import type { Questions } from "./questions.ts";

/** Asks nodes, and asks them again, until they have answered. */
export class Inquiry extends AskedNodes {
	readonly #broker: ServiceBroker;
	readonly #questions: Questions;
	readonly #timer: QuestionTimer;

	constructor(broker: ServiceBroker, questions: Questions) {
		super();
		this.#broker = broker;
		this.#questions = questions;
		this.#timer = new QuestionTimer(() => {
			if (!this.haveAnswered) this.#ask();
		});
	}

	/**
	 * From now on a node must answer, whatever it has answered before. It is not asked yet.
	 *
	 * @param hasEnded Its process has reported its end.
	 */
	expect(nodeID: string, hasEnded: boolean): void {
		this.renew(nodeID);
		if (hasEnded) {
			// If the process was started again, it reports that, and its events are counted from where they were. A Moleculer
			// broker that was stopped once no longer hears other nodes: it would never answer.
			this.#questions.ask([nodeID]);
			return;
		}
		this.wait(nodeID);
	}

	/** Asks in this turn. */
	askNow(): void {
		this.#timer.reset();
		this.#ask();
	}

	/** See {@link QuestionTimer.soon}. */
	askSoon(): void {
		this.#timer.soon();
	}

	/** See {@link QuestionTimer.met}. */
	askTogether(): void {
		this.#timer.met();
	}

	/** Stops asking. */
	stop(): void {
		this.#timer.stop();
	}

	/**
	 * Asks the nodes that have not answered, or none: the question also makes this gateway known, and gives all a position in
	 * common.
	 */
	#ask(): void {
		this.#timer.stop();
		if (!hearsOthers(this.#broker)) return;
		this.#questions.ask(this.waited);
		if (!this.haveAnswered) this.#timer.again();
	}
}
