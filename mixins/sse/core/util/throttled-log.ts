/** Milliseconds within which a reason is told once. */
const WINDOW = 5000;
/** Reasons told within a window; they may hold what a client has sent. */
const MAX_REASONS = 10;

/**
 * Tells a log what may happen very often. Each reason is told at once, and again only once in a while, with how many there
 * were: an outage that a crowd of pages meets is a few lines, and does not hide that something else fails as well.
 */
export class ThrottledLog {
	readonly #log: (text: string) => void;
	readonly #told = new Set<string>();
	#more = 0;
	#last = "";
	#window: NodeJS.Timeout | undefined;

	constructor(log: (text: string) => void) {
		this.#log = log;
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

	#end(): void {
		this.#window = undefined;
		this.#told.clear();
		const count = this.#more;
		this.#more = 0;
		if (count > 0) this.add(`(${count} more in ${WINDOW / 1000} seconds) ${this.#last}`);
	}
}
