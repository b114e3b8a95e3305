import { SetMap } from "../collections/set-map.ts";
import { EVERYONE } from "./session-id.ts";

/** What the registry knows of a stream. */
export interface Subscription {
	/** Without duplicates. */
	readonly sessionIds: readonly string[];
	/** Without duplicates. */
	readonly eventNames: readonly string[];
}

/**
 * Most streams of a session id that are looked through for an event name. Beyond that, its streams are also indexed by name, which
 * takes an entry for each name of each of them.
 */
const MOST_UNINDEXED = 10;

/**
 * The open streams of one gateway, found by session id and event name in a few look-ups, however many there are. Empty entries
 * are deleted, so its size depends only on what is open.
 */
export class Registry<Stream extends Subscription> {
	readonly #bySession = new SetMap<Stream>();
	readonly #byName = new SetMap<Stream>();
	/** By name, for each session id that has many streams. */
	readonly #indexes = new Map<string, SetMap<Stream>>();
	readonly #streams = new Set<Stream>();

	/** Number of streams. */
	get size(): number {
		return this.#streams.size;
	}

	/** Number of sessions that have a stream. */
	get sessionCount(): number {
		return this.#bySession.size;
	}

	/** Number of event names that a stream listens to. */
	get eventNameCount(): number {
		return this.#byName.size;
	}

	/** Number of sessions whose streams are indexed by name, for tests. */
	get indexCount(): number {
		return this.#indexes.size;
	}

	[Symbol.iterator](): IterableIterator<Stream> {
		return this.#streams.values();
	}

	add(stream: Stream): void {
		if (this.#streams.has(stream)) return;
		this.#streams.add(stream);
		for (const name of stream.eventNames) this.#byName.add(name, stream);
		for (const id of stream.sessionIds) {
			this.#bySession.add(id, stream);
			const index = this.#indexes.get(id);
			if (index !== undefined) addNames(index, stream);
			else if (this.#bySession.countOf(id) > MOST_UNINDEXED) this.#index(id);
		}
	}

	#index(id: string): void {
		const index = new SetMap<Stream>();
		for (const stream of this.#bySession.of(id)) addNames(index, stream);
		this.#indexes.set(id, index);
	}

	/** @returns Whether the stream was registered. */
	remove(stream: Stream): boolean {
		if (!this.#streams.delete(stream)) return false;
		for (const name of stream.eventNames) this.#byName.delete(name, stream);
		for (const id of stream.sessionIds) {
			this.#bySession.delete(id, stream);
			const index = this.#indexes.get(id);
			if (index === undefined) continue;
			// Far fewer than it takes to get an index: at the limit, each stream that comes or goes would make or drop one.
			if (this.#bySession.countOf(id) <= MOST_UNINDEXED / 2) this.#indexes.delete(id);
			else for (const name of stream.eventNames) index.delete(name, stream);
		}
		return true;
	}

	/**
	 * The streams that an event goes to, each once. The set may be the registry's own: iterate over it at once, and do not keep
	 * or change it. Streams may be removed meanwhile; one that is removed before its turn may still come.
	 */
	select(sessionId: string | readonly string[], eventName: string): ReadonlySet<Stream> {
		if (sessionId === EVERYONE) return this.#byName.of(eventName);
		if (typeof sessionId === "string") return this.#selectOne(sessionId, eventName);
		const selected = new Set<Stream>();
		for (const id of sessionId) {
			for (const stream of this.#selectOne(id, eventName)) selected.add(stream);
		}
		return selected;
	}

	#selectOne(id: string, eventName: string): ReadonlySet<Stream> {
		const streams = this.#bySession.of(id);
		if (streams.size === 0) return streams;
		const index = streams.size > 1 ? this.#indexes.get(id) : undefined;
		if (index !== undefined) return index.of(eventName);
		const selected = new Set<Stream>();
		for (const stream of streams) if (this.#byName.has(eventName, stream)) selected.add(stream);
		return selected;
	}

	/** All streams of these sessions, or of everyone, whatever they listen to, in a new set. */
	selectAll(sessionId: string | readonly string[]): ReadonlySet<Stream> {
		if (sessionId === EVERYONE) return new Set(this.#streams);
		if (typeof sessionId === "string") return new Set(this.#bySession.of(sessionId));
		const selected = new Set<Stream>();
		for (const id of sessionId) {
			for (const stream of this.#bySession.of(id)) selected.add(stream);
		}
		return selected;
	}
}

function addNames<Stream extends Subscription>(index: SetMap<Stream>, stream: Stream): void {
	for (const name of stream.eventNames) index.add(name, stream);
}
