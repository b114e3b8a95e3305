/** Milliseconds between two lines. */
const PAUSE = 5000;

/** Tells a log what may happen very often: the first time at once, what follows once in a while. */
export class Complaints {
	readonly #log: (text: string) => void;
	#more = 0;
	#last = "";
	#pause: NodeJS.Timeout | undefined;

	constructor(log: (text: string) => void) {
		this.#log = log;
	}

	add(text: string): void {
		if (this.#pause === undefined) this.#tell(text);
		else this.#more++;
		this.#last = text;
	}

	#tell(text: string): void {
		this.#log(text);
		this.#pause = setTimeout(() => {
			this.#pause = undefined;
			if (this.#more > 0) this.#tell(`${this.#last} (${this.#more} such since the last line)`);
			this.#more = 0;
		}, PAUSE).unref();
	}
}
