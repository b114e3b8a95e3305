/** Takes an event of a stream: its name, its data, and its id, which is empty if it has none of its own. */
export type TakeEvent = (name: string, data: string, id: string) => void;

/** Reads the text of an event stream, in whatever pieces it comes (HTML 9.2.6); a byte order mark is not part of text. */
export interface StreamParser {
	/** The last `retry:`, in milliseconds; undefined if there was none, or it was 0. */
	readonly retry: number | undefined;
	feed(text: string): void;
}

export function createParser(take: TakeEvent): StreamParser {
	let retry: number | undefined;
	/** The pieces of a line that has not ended: put together once, however many there are. */
	let pieces: string[] = [];
	/** Whether the last piece ended with a CR: an LF that follows belongs to it. */
	let isAfterCr = false;
	let name = "";
	let data: string[] = [];
	let id = "";

	const read = (line: string): void => {
		if (!line) {
			const event = [name || "message", data.join("\n"), id] as const;
			const { length } = data;
			name = id = "";
			data = [];
			if (length) take(...event);
			return;
		}
		const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) as unknown as string[];
		if (field === "event") name = value;
		else if (field === "data") data.push(value);
		else if (field === "id" && !value.includes("\0")) id = value;
		else if (field === "retry" && /^\d+$/.test(value)) retry = Number(value) || undefined;
	};

	return {
		get retry() {
			return retry;
		},
		feed(text) {
			if (!text) return;
			if (isAfterCr) text = text.replace(/^\n/, "");
			isAfterCr = text.endsWith("\r");
			const [first, ...lines] = text.split(/\r\n?|\n/);
			pieces.push(first as string);
			for (const line of lines) {
				read(pieces.join(""));
				pieces = [line];
			}
		}
	};
}
