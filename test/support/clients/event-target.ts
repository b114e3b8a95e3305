type Listener = (event: never) => void;

/** Fires events, like a window and a document. */
export class Target {
	readonly #listeners = new Map<string, Set<Listener>>();

	addEventListener = (type: string, listener: Listener): void => {
		this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
	};

	removeEventListener = (type: string, listener: Listener): void => {
		this.#listeners.get(type)?.delete(listener);
	};

	fire(type: string, event: object = {}): void {
		for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event as never);
	}

	get size(): number {
		return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
	}
}
