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
export class Handlers {
	readonly #scope: Scope;
	readonly #byName = new Map<string, Set<Handler>>();
	/** The events whose payload is a text, by the stream that brings them. */
	texts: readonly string[] = [];

	constructor(scope: Scope) {
		this.#scope = scope;
	}

	/** The names that a stream is to have. */
	get names(): string[] {
		return [...this.#byName.keys()].filter(name => !name.startsWith("sse.")).sort();
	}

	add(name: string, handler: Handler): void {
		const handlers = this.#byName.get(name) ?? new Set();
		this.#byName.set(name, handlers.add(handler));
	}

	/** @param handler Undefined: all of the name. */
	remove(name: string, handler: Handler | undefined): void {
		const handlers = this.#byName.get(name);
		if (handler) handlers?.delete(handler);
		if (!handler || handlers?.size === 0) this.#byName.delete(name);
	}

	run(name: string, data: string, id: string): void {
		const handlers = this.#byName.get(name);
		if (handlers === undefined) return;
		const payload = this.texts.includes(name) ? data : read(data);
		// what a handler adds or removes counts from the next event on
		for (const handler of [...handlers]) {
			attempt(this.#scope, () => handler(payload as never, { name, id, data }));
		}
	}
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
export class Listeners<Args extends unknown[]> {
	readonly #scope: Scope;
	readonly #all = new Set<(...args: Args) => void>();

	constructor(scope: Scope) {
		this.#scope = scope;
	}

	/** @returns Takes it away. */
	readonly add = (listener: (...args: Args) => void): (() => void) => {
		this.#all.add(listener);
		return () => void this.#all.delete(listener);
	};

	tell(...args: Args): void {
		for (const listener of [...this.#all]) this.tellOne(listener, ...args);
	}

	/** Tells one of them, if it is still there. */
	tellOne(listener: (...args: Args) => void, ...args: Args): void {
		if (this.#all.has(listener)) attempt(this.#scope, () => listener(...args));
	}
}
