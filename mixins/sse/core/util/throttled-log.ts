/** Milliseconds within which a reason is logged once. */
const WINDOW = 5000;
/** Most reasons that are logged within a window; they may contain what a client has sent. */
const MAX_REASONS = 10;

/**
 * Logs what may happen very often. Each reason is logged at once, and again only after a while, with a count: an outage that a
 * crowd of pages meets takes a few lines, and does not hide other failures.
 */
export class ThrottledLog {
	readonly #write: (text: string) => void;
	readonly #told = new Set<string>();
	#more = 0;
	#last = "";
	#window: NodeJS.Timeout | undefined;

	/** @param write May throw, as an application's own logger does. Who logs here is often a timer, or answers a request. */
	constructor(write: (text: string) => void) {
		this.#write = write;
	}

	/** @param text Its first line tells one reason from another. */
	add(text: string): void {
		this.#window ??= setTimeout(() => this.#end(), WINDOW).unref();
		const [reason = ""] = text.split("\n", 1);
		if (!this.#told.has(reason) && this.#told.size < MAX_REASONS) {
			this.#told.add(reason);
			this.#log(text);
		} else {
			this.#more++;
			this.#last = text;
		}
	}

	#log(text: string): void {
		try {
			this.#write(text);
		} catch {
			// There is no other place to say it.
		}
	}

	#end(): void {
		this.#window = undefined;
		this.#told.clear();
		const count = this.#more;
		this.#more = 0;
		if (count > 0) this.add(`(${count} more in ${WINDOW / 1000} seconds) ${this.#last}`);
	}
}
