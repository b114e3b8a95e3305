import type { ConsumeMessage } from "amqplib";
import { guard } from "../../../core/errors/guard.ts";

/**
 * Holds messages while it is found out whether others are missing before them, which takes an answer from RabbitMQ: a loss is
 * reported before what came after it.
 */
export class JumpCheck {
	readonly #take: (message: ConsumeMessage) => void;
	readonly #onFault: (error: Error) => void;
	/** In order; undefined if no check is under way. */
	#held: ConsumeMessage[] | undefined;

	/** @param take Takes what was held; must not throw. */
	constructor(take: (message: ConsumeMessage) => void, onFault: (error: Error) => void) {
		this.#take = take;
		this.#onFault = onFault;
	}

	/** Passes a message on, unless a check is under way: then after that. */
	pass(message: ConsumeMessage): void {
		if (this.#held === undefined) this.#take(message);
		else this.#held.push(message);
	}

	/**
	 * Begins a check.
	 *
	 * @param isLost Whether messages are missing; a rejection counts as a loss.
	 * @param onKnown Called with the answer before anything else is passed on.
	 */
	begin(isLost: Promise<boolean>, onKnown: (isLost: boolean) => void): void {
		const held: ConsumeMessage[] = [];
		this.#held = held;
		const settle = guard(this.#onFault, (answer: boolean): void => {
			if (this.#held !== held) return;
			this.#held = undefined;
			onKnown(answer);
			// Any of them may begin another check.
			for (const message of held) this.pass(message);
		});
		isLost.then(settle, () => settle(true));
	}

	/** The channel is read no more: what is held comes again on the next one. */
	end(): void {
		this.#held = undefined;
	}
}
