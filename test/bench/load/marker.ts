/** What ends an event: the empty line, or, in a compressed stream, the flush after the event. */
export type Ending = "empty-line" | "full-flush";

const MARKERS: Readonly<Record<Ending, Buffer>> = {
	"empty-line": Buffer.from("\n\n"),
	// the end of an empty stored block (RFC 1951, 3.2.4)
	"full-flush": Buffer.from([0x00, 0x00, 0xff, 0xff])
};

/** Counts the events in what many streams deliver, without examining them. */
export class MarkerCounter {
	readonly #marker: Buffer;
	/** For each stream, the bytes of a marker with which its last read ended. */
	readonly #begun: Uint8Array;

	constructor(ending: Ending, streams: number) {
		this.#marker = MARKERS[ending];
		this.#begun = new Uint8Array(streams);
	}

	/** The markers that end in these bytes of a stream. */
	count(stream: number, bytes: Buffer): number {
		const marker = this.#marker;
		let count = 0;
		let from = 0;
		const begun = this.#begun[stream] ?? 0;
		const rest = marker.length - begun;
		if (begun > 0 && bytes.subarray(0, rest).equals(marker.subarray(begun))) {
			count++;
			from = rest;
		}
		for (;;) {
			const at = bytes.indexOf(marker, from);
			if (at < 0) break;
			count++;
			from = at + marker.length;
		}
		this.#begun[stream] = this.#unfinished(bytes, from);
		return count;
	}

	/** The bytes of a marker with which `bytes` ends, after `from`. */
	#unfinished(bytes: Buffer, from: number): number {
		const longest = Math.min(this.#marker.length - 1, bytes.length - from);
		for (let length = longest; length > 0; length--) {
			if (bytes.subarray(-length).equals(this.#marker.subarray(0, length))) return length;
		}
		return 0;
	}
}
