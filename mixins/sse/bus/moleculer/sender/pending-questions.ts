/** Milliseconds for which questions are collected, to be answered together. */
const TOGETHER = 20;
/** Most questions answered together; a gateway beyond that asks again. */
const MOST = 200;

/** Questions that share one answer. */
export interface AskedTogether {
	/** Ids of these questions. */
	readonly answers: readonly string[];
	/** Most milliseconds for which one of the gateways that ask may not have heard who came and left. */
	readonly away: number;
}

/** Collects gateways' questions for a moment, and answers them together. */
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

	/** Takes the collected questions, so that they are answered once. */
	take(): AskedTogether {
		clearTimeout(this.#timer);
		const asked = { answers: this.#ids, away: this.#away };
		this.#timer = undefined;
		this.#ids = [];
		this.#away = 0;
		return asked;
	}
}
