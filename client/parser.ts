/** Takes an event of a stream: its name, its data, and its id, which is empty if it has none of its own. */
export type TakeEvent = (name: string, data: string, id: string) => void;

/** Reads the text of an event stream, in whatever pieces it comes (HTML 9.2.6); a byte order mark is not part of text. */
export class StreamParser {
	readonly #take: TakeEvent;
	/** The last `retry:`, in milliseconds; undefined if there was none. */
	retry: number | undefined;
	/** The pieces of a line that has not ended: put together once, however many there are. */
	#line: string[] = [];
	/** Whether the last piece ended with a CR: an LF that follows belongs to it. */
	#isAfterCr = false;
	#name = "";
	#data: string[] = [];
	#id = "";

	constructor(take: TakeEvent) {
		this.#take = take;
	}

	feed(text: string): void {
		if (text === "") return;
		if (this.#isAfterCr) text = text.replace(/^\n/, "");
		this.#isAfterCr = text.endsWith("\r");
		const [first, ...lines] = text.split(/\r\n?|\n/);
		this.#line.push(first as string);
		for (const line of lines) {
			this.#read(this.#line.join(""));
			this.#line = [line];
		}
	}

	#read(line: string): void {
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
