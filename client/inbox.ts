import { readOpen } from "./open-event.ts";
import { Seen } from "./seen.ts";

/** What an inbox tells. */
export interface InboxHost {
	event(name: string, data: string, id: string): void;
	/** The state has to be loaded: a first time (`start`), or because events may be missing. */
	load(reason: string): void;
}

/** Milliseconds within which `sse.reset` follows an `sse.open` that it explains. */
const EXPLANATION = 250;

/** What one tab has got of the events, wherever they come from: each once, and where it is. */
export class Inbox {
	readonly #host: InboxHost;
	readonly seen: Seen = new Seen();
	/** The id of the last event that was handled; empty if there was none. */
	place = "";
	/** Why the state has to be loaded, until it is told. */
	#pending: string | undefined;
	#hasBegun = false;
	/** Whether what has to be told waits, and events are of the time before. */
	#isHeld = false;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(host: InboxHost) {
		this.#host = host;
	}

	/** Whether the tab begins somewhere: nothing of before is missing to it. */
	get isFresh(): boolean {
		return this.#isHeld && this.#pending !== undefined;
	}

	/** Holds what has to be told, and with it the beginning, until it is known where it begins. */
	hold(): void {
		this.#isHeld = true;
	}

	/**
	 * Lets it begin.
	 *
	 * @param place Where; undefined: where it is.
	 */
	release(place?: string): void {
		// what follows may still explain what it waits to tell
		if (!this.#isHeld) return;
		this.#isHeld = false;
		if (this.#pending !== undefined) this.#move(place ?? this.place);
		this.#tell();
	}

	close(): void {
		clearTimeout(this.#timer);
	}

	take(name: string, data: string, id: string): void {
		const isOwn = name.startsWith("sse.");
		if (name === "sse.open") this.#opened(readOpen(data).resumed);
		else if (name === "sse.reset") this.#reset(JSON.parse(data).reason);
		else if (this.#pending !== undefined && !this.#isHeld) this.#tell();
		if (this.isFresh) {
			// Part of the state that is loaded at the beginning; or, if that is a place before, still to come.
			if (isOwn) this.#host.event(name, data, id);
			if (id !== "") this.place = id;
			return;
		}
		const isRepeat = id !== "" && !isOwn && !this.seen.add(id);
		if (isRepeat) return;
		this.#host.event(name, data, id);
		if (id !== "") this.#move(id);
	}

	#move(id: string): void {
		this.place = id;
		if (id !== "") this.seen.add(id);
	}

	#opened(resumed: boolean): void {
		if (resumed) return;
		this.#pending ??= this.#hasBegun ? "lost" : "start";
		if (this.#isHeld) return;
		if (this.#pending === "start") {
			this.#tell();
			return;
		}
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#tell(), EXPLANATION);
	}

	#reset(reason: string): void {
		if (this.#pending !== "start") this.#pending = reason;
		if (!this.#isHeld) this.#tell();
	}

	#tell(): void {
		clearTimeout(this.#timer);
		const reason = this.#pending;
		if (reason === undefined) return;
		this.#pending = undefined;
		this.#hasBegun = true;
		this.#host.load(reason);
	}
}
