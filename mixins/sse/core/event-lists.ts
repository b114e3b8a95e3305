import { Queue } from "./queue.ts";

/** The events of one session id, or of everyone, that have one name: their rows, oldest first. */
export interface EventList {
	readonly sessionId: string;
	readonly eventName: string;
	readonly rows: Queue<number>;
}

/** Lists by session id and event name. One that is empty is gone: there are as many as events need. */
export class EventLists {
	readonly #bySession = new Map<string, Map<string, EventList>>();
	#size = 0;

	/** Number of lists. */
	get size(): number {
		return this.#size;
	}

	get(sessionId: string, eventName: string): EventList | undefined {
		return this.#bySession.get(sessionId)?.get(eventName);
	}

	/** The list, made anew if there is none; something has to be added to it. */
	of(sessionId: string, eventName: string): EventList {
		let names = this.#bySession.get(sessionId);
		if (names === undefined) {
			names = new Map();
			this.#bySession.set(sessionId, names);
		}
		let list = names.get(eventName);
		if (list === undefined) {
			list = { sessionId, eventName, rows: new Queue() };
			names.set(eventName, list);
			this.#size++;
		}
		return list;
	}

	/** Takes the oldest row out of a list. */
	shift({ sessionId, eventName, rows }: EventList): void {
		rows.shift();
		if (rows.length > 0) return;
		const names = this.#bySession.get(sessionId);
		if (names?.delete(eventName)) this.#size--;
		if (names?.size === 0) this.#bySession.delete(sessionId);
	}

	clear(): void {
		this.#bySession.clear();
		this.#size = 0;
	}
}
