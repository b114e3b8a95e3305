/** Takes an event of a stream: its name, its data, and its id, which is empty if it has none of its own. */
export type TakeEvent = (name: string, data: string, id: string) => void;

/** Reads the text of an event stream, in whatever pieces it comes (HTML 9.2.6). */
export class StreamParser {
	readonly #take: TakeEvent;
	/** The last `retry:`, in milliseconds; undefined if there was none. */
	retry: number | undefined;
	#rest = "";
	#isFirst = true;
	#name = "";
	#data: string[] = [];
	#id = "";

	constructor(take: TakeEvent) {
		this.#take = take;
	}

	feed(text: string): void {
		if (text === "") return;
		if (this.#isFirst) text = text.replace(/^\uFEFF/, "");
		this.#isFirst = false;
		const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
		// a CR at the end may be the first half of a CRLF
		this.#rest = lines.pop() as string;
		for (const line of lines) this.#line(line);
	}

	#line(line: string): void {
		if (line === "") {
			const [name, data, id] = [this.#name, this.#data, this.#id];
			this.#name = this.#id = "";
			this.#data = [];
			if (data.length > 0) this.#take(name || "message", data.join("\n"), id);
			return;
		}
		const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) as unknown as string[];
		if (field === "event") this.#name = value;
		else if (field === "data") this.#data.push(value);
		else if (field === "id" && !value.includes("\0")) this.#id = value;
		else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
	}
}
