import { hash } from "node:crypto";
import type { Registry, Subscription } from "../../core/addressing/registry.ts";
import { ExpiringCounter, MAX_COUNT } from "../../core/limits/expiring-counter.ts";
import type { EventStream } from "../../streams/event-stream.ts";

/** Milliseconds within which a session has at most as many streams replaced as it may have open. */
const WINDOW = 60_000;

/**
 * Streams whose client has lost its network, and comes back on another connection. No server, and no proxy, sees such a
 * connection end; until it does, the stream counts for its session, and would keep its own client out.
 *
 * All that can be known is that a client of the session comes back to the same names. If that was another client, a live stream
 * gives way: it comes back by itself, and misses nothing. Two live ones with one place would take turns for ever, which the
 * window limits.
 */
export class Ghosts {
	readonly #streams: Registry<EventStream>;
	readonly #most: number;
	readonly #replaced = new ExpiringCounter();
	/** By list of names. Of streams that were compared, so that none is read again for each client that comes back. */
	readonly #keys = new WeakMap<readonly string[], string>();

	/** @param most Streams that a session may have; 0 = any number. */
	constructor(streams: Registry<EventStream>, most: number) {
		this.#streams = streams;
		this.#most = Math.min(most, MAX_COUNT);
	}

	/** Number of sessions that are remembered. */
	get size(): number {
		return this.#replaced.size;
	}

	/**
	 * The stream that gives way to a returning one; undefined if none does.
	 *
	 * @param returning The returning stream; the first of its ids is its session's own.
	 */
	of({ sessionIds, eventNames }: Subscription): EventStream | undefined {
		const [session = ""] = sessionIds;
		if (this.#replaced.of(session, performance.now()) >= this.#most) return undefined;
		const wanted = this.#keyOf(eventNames);
		let oldest: EventStream | undefined;
		for (const stream of this.#streams.select(session, eventNames[0] as string)) {
			if (stream.sessionIds[0] !== session || this.#keyOf(stream.eventNames) !== wanted) continue;
			// Nobody takes what is written to it.
			if (stream.isBehind) return stream;
			oldest ??= stream;
		}
		return oldest;
	}

	/** A stream gives way. */
	replace({ sessionIds: [session = ""] }: Subscription): void {
		const now = performance.now();
		this.#replaced.up(session, now + WINDOW, now);
	}

	/** The same for the same names in any order. A digest: the names themselves may be thousands of characters. */
	#keyOf(eventNames: readonly string[]): string {
		let key = this.#keys.get(eventNames);
		if (key === undefined) {
			// A name contains no line break.
			key = hash("sha256", [...eventNames].sort().join("\n"), "base64");
			this.#keys.set(eventNames, key);
		}
		return key;
	}
}
