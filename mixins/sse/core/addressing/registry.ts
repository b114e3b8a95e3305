import { EVERYONE } from "./session-id.ts";

/** What the registry knows of a stream. */
export interface Subscription {
	/** Without duplicates. */
	readonly sessionIds: readonly string[];
	/** Without duplicates. */
	readonly eventNames: readonly string[];
}

type ByName<Stream> = Map<string, Set<Stream>>;

/**
 * The open streams of one gateway, found by session id and event name in two look-ups, however many there are. Empty entries
 * are deleted, so its size depends only on what is open.
 */
export class Registry<Stream extends Subscription> {
	readonly #bySession = new Map<string, ByName<Stream>>();
	readonly #byName: ByName<Stream> = new Map();
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

	[Symbol.iterator](): IterableIterator<Stream> {
		return this.#streams.values();
	}

	add(stream: Stream): void {
		if (this.#streams.has(stream)) return;
		this.#streams.add(stream);
		addNames(this.#byName, stream);
		for (const id of stream.sessionIds) {
			let names = this.#bySession.get(id);
			if (names === undefined) {
				names = new Map();
				this.#bySession.set(id, names);
			}
			addNames(names, stream);
		}
	}

	/** @returns Whether the stream was registered. */
	remove(stream: Stream): boolean {
		if (!this.#streams.delete(stream)) return false;
		removeNames(this.#byName, stream);
		for (const id of stream.sessionIds) {
			const names = this.#bySession.get(id);
			if (names === undefined) continue;
			removeNames(names, stream);
			if (names.size === 0) this.#bySession.delete(id);
		}
		return true;
	}

	/**
	 * The streams that an event goes to, each once. The set may be the registry's own: iterate over it at once, and do not keep
	 * or change it. Streams may be removed meanwhile.
	 */
	select(sessionId: string | readonly string[], eventName: string): ReadonlySet<Stream> {
		if (typeof sessionId === "string") {
			const names = sessionId === EVERYONE ? this.#byName : this.#bySession.get(sessionId);
			return names?.get(eventName) ?? (NONE as ReadonlySet<never>);
		}
		const selected = new Set<Stream>();
		for (const id of sessionId) {
			const streams = this.#bySession.get(id)?.get(eventName);
			if (streams === undefined) continue;
			for (const stream of streams) selected.add(stream);
		}
		return selected;
	}

	/** All streams of these sessions, or of everyone, whatever they listen to, in a new set. */
	selectAll(sessionId: string | readonly string[]): ReadonlySet<Stream> {
		if (sessionId === EVERYONE) return new Set(this.#streams);
		return streamsOf(this.#bySession, sessionId);
	}
}

function streamsOf<Stream extends Subscription>(
	bySession: ReadonlyMap<string, ByName<Stream>>,
	sessionId: string | readonly string[]
): Set<Stream> {
	const ids = typeof sessionId === "string" ? [sessionId] : sessionId;
	const selected = new Set<Stream>();
	for (const id of ids) {
		for (const streams of bySession.get(id)?.values() ?? []) {
			for (const stream of streams) selected.add(stream);
		}
	}
	return selected;
}

const NONE: ReadonlySet<unknown> = new Set();

function addNames<Stream extends Subscription>(names: ByName<Stream>, stream: Stream): void {
	for (const name of stream.eventNames) {
		const streams = names.get(name);
		if (streams === undefined) names.set(name, new Set([stream]));
		else streams.add(stream);
	}
}

function removeNames<Stream extends Subscription>(names: ByName<Stream>, stream: Stream): void {
	for (const name of stream.eventNames) {
		const streams = names.get(name);
		if (streams === undefined) continue;
		streams.delete(stream);
		if (streams.size === 0) names.delete(name);
	}
}
