/** An event on its way to the bus. */
export interface Outgoing {
	/** As JSON. */
	readonly json: string;
	/** Of the JSON, in UTF-8. */
	readonly bytes: number;
	/** Of any clock; the outbox only hands it back. */
	readonly deadline: number;
	/** It travels in a message of its own. Default false. */
	readonly isAlone?: boolean;
	/** Called once, when the bus has the event. */
	onConfirmed(): void;
}

/** Events that travel together. */
export interface OutgoingMessage<Event extends Outgoing> {
	/** Counts the messages of one outbox from 1, in the order in which they are first written. */
	readonly seq: number;
	readonly events: readonly Event[];
}

export interface OutboxLimits {
	/** Events that may wait for their confirmation. */
	maxEvents: number;
	/** Bytes that they may take, as JSON in UTF-8. */
	maxBytes: number;
}

/** A message takes no more events than this, and no more characters, unless one event alone does. */
const MESSAGE_EVENTS = 1000;
const MESSAGE_CHARACTERS = 262_144;

/**
 * The events that the bus does not have yet for sure, in their order: those that wait to be written, and
 * those that were written and are not confirmed. Bounded.
 */
export class Outbox<Event extends Outgoing> {
	readonly #limits: OutboxLimits;
	/** In order; a set, so that events can leave from the middle. */
	readonly #waiting = new Set<Event>();
	/** In order of `seq`. */
	readonly #written = new Map<number, OutgoingMessage<Event>>();
	/** Those of `#written` that have to be written again, before anything else. */
	#again: OutgoingMessage<Event>[] = [];
	#lastSeq = 0;
	#events = 0;
	#bytes = 0;

	constructor(limits: OutboxLimits) {
		this.#limits = limits;
	}

	/** Number of events that are not confirmed. */
	get length(): number {
		return this.#events;
	}

	/** What they take. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Takes an event; whether there is room for it. An empty outbox takes any. */
	add(event: Event): boolean {
		const { bytes } = event;
		const { maxEvents, maxBytes } = this.#limits;
		const full = this.#events >= maxEvents || this.#bytes + bytes > maxBytes;
		if (full && this.#events > 0) return false;
		this.#waiting.add(event);
		this.#events++;
		this.#bytes += bytes;
		return true;
	}

	/** The next message to write, or undefined if there is none. */
	next(): OutgoingMessage<Event> | undefined {
		for (let message = this.#again.shift(); message; message = this.#again.shift()) {
			if (this.#written.has(message.seq)) return message;
		}
		const events = this.#takeWaiting();
		return events.length === 0 ? undefined : this.#write(events);
	}

	/** The bus has the message. */
	confirm({ seq, events }: OutgoingMessage<Event>): void {
		if (!this.#written.delete(seq)) return;
		for (const event of events) {
			this.#forget(event);
			event.onConfirmed();
		}
	}

	/**
	 * The connection is lost: whether what was written has arrived is not known. It is written again, in
	 * its order, under the same numbers: by these, receivers know repeats.
	 */
	rewind(): void {
		this.#again = [...this.#written.values()];
	}

	/** The bus has refused the message: it is written again as a new one, behind the others. */
	renew({ seq, events }: OutgoingMessage<Event>): void {
		if (!this.#written.delete(seq)) return;
		this.#again.push(this.#write(events));
	}

	/** The bus will never take the message: its events are given up. */
	drop({ seq, events }: OutgoingMessage<Event>): void {
		if (!this.#written.delete(seq)) return;
		for (const event of events) this.#forget(event);
	}

	/**
	 * The bus has refused the message because of one of its events, and has nothing of what was written behind
	 * it: each of its events goes again as a message of its own, and the others behind them.
	 */
	split({ seq }: OutgoingMessage<Event>): void {
		const refused = [...this.#written.values()].filter(message => message.seq >= seq);
		for (const message of refused) this.#written.delete(message.seq);
		for (const message of refused) {
			const parts = message.seq === seq ? message.events.map(event => [event]) : [message.events];
			for (const events of parts) this.#again.push(this.#write(events));
		}
	}

	/** Takes an event back; whether that could be: what has been written may be on its way. */
	withdraw(event: Event): boolean {
		if (!this.#waiting.delete(event)) return false;
		this.#forget(event);
		return true;
	}

	/** All events that are not confirmed, the oldest first. */
	*[Symbol.iterator](): IterableIterator<Event> {
		for (const { events } of this.#written.values()) yield* events;
		yield* this.#waiting;
	}

	#write(events: readonly Event[]): OutgoingMessage<Event> {
		const message = { seq: ++this.#lastSeq, events };
		this.#written.set(message.seq, message);
		return message;
	}

	#takeWaiting(): Event[] {
		const events: Event[] = [];
		let characters = 0;
		for (const event of this.#waiting) {
			if (event.isAlone && events.length > 0) break;
			characters += event.json.length;
			if (events.length > 0 && characters > MESSAGE_CHARACTERS) break;
			this.#waiting.delete(event);
			events.push(event);
			if (event.isAlone || events.length === MESSAGE_EVENTS) break;
		}
		return events;
	}

	#forget(event: Event): void {
		this.#events--;
		this.#bytes -= event.bytes;
	}
}
