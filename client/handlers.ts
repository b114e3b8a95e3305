import { attempt, type Scope } from "./scope.ts";

/** What a handler is told beside the payload. */
export interface ReceivedEvent {
	readonly name: string;
	/** Empty if the event has none. */
	readonly id: string;
	/** The payload as the text that came. */
	readonly data: string;
}

type Handler = (payload: never, event: ReceivedEvent) => void;

/** The application's handlers, by event name. */
export interface Handlers {
	/** The names that a stream is to have. */
	names(): string[];
	add(name: string, handler: Handler): void;
	/** @param handler Undefined: all of the name. */
	remove(name: string, handler: Handler | undefined): void;
	/** @param texts The events whose payload is a text, by the stream that brings them. */
	run(name: string, data: string, id: string, texts: readonly string[] | undefined): void;
}

export function createHandlers(scope: Scope): Handlers {
	const byName = new Map<string, Set<Handler>>();
	return {
		names: () => [...byName.keys()].filter(name => !name.startsWith("sse.")).sort(),
		add(name, handler) {
			byName.set(name, (byName.get(name) ?? new Set()).add(handler));
		},
		remove(name, handler) {
			const handlers = byName.get(name);
			handlers?.delete(handler as Handler);
			if (!handler || !handlers?.size) byName.delete(name);
		},
		run(name, data, id, texts) {
			const handlers = byName.get(name);
			if (!handlers) return;
			const payload = texts?.includes(name) ? data : read(data);
			// what a handler adds or removes counts from the next event on
			for (const handler of [...handlers]) {
				attempt(scope, () => handler(payload as never, { name, id, data }));
			}
		}
	};
}

/** The payload. A text of a gateway that does not say so is seldom JSON. */
function read(data: string): unknown {
	try {
		return JSON.parse(data);
	} catch {
		return data;
	}
}

/** Those who want to know of something. */
export interface Listeners<Args extends unknown[]> {
	/** @returns Takes it away. */
	add(listener: (...args: Args) => void): () => void;
	tell(...args: Args): void;
	/** Tells one of them, if it is still there. */
	tellOne(listener: (...args: Args) => void, ...args: Args): void;
}

export function createListeners<Args extends unknown[]>(scope: Scope): Listeners<Args> {
	const all = new Set<(...args: Args) => void>();
	const tellOne: Listeners<Args>["tellOne"] = (listener, ...args) => {
		if (all.has(listener)) attempt(scope, () => listener(...args));
	};
	return {
		add(listener) {
			all.add(listener);
			return () => void all.delete(listener);
		},
		tell(...args) {
			for (const listener of [...all]) tellOne(listener, ...args);
		},
		tellOne
	};
}
