/** Milliseconds within which those who ask are answered together. */
const TOGETHER = 20;
/** Questions answered together; who asks past that asks again. */
const MOST = 200;

/** Questions that have one answer. */
export interface AskedTogether {
	/** Ids of the questions that are answered. */
	readonly answers: readonly string[];
	/** Milliseconds for which who asks may not have heard who came and went, at most. */
	readonly away: number;
}

/** Questions of gateways that are answered together in a moment. */
export class PendingQuestions {
	readonly #answer: (asked: AskedTogether) => void;
	#timer: NodeJS.Timeout | undefined;
	#ids: string[] = [];
	#away = 0;

	/** @param answer Must not throw. */
	constructor(answer: (asked: AskedTogether) => void) {
		this.#answer = answer;
	}

	/** @param away See {@link AskedTogether}. */
	add(id: string, away: number): void {
		if (this.#ids.length < MOST) this.#ids.push(id);
		this.#away = Math.max(this.#away, away);
		this.#timer ??= setTimeout(() => this.#answer(this.take()), TOGETHER).unref();
	}

	/** Those that are answered now, and not once more. */
	take(): AskedTogether {
		clearTimeout(this.#timer);
		const asked = { answers: this.#ids, away: this.#away };
		this.#timer = undefined;
		this.#ids = [];
		this.#away = 0;
		return asked;
	}
}
