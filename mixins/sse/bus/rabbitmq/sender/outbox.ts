import type { TraceContext } from "../../../core/event/trace-context.ts";
import { MAX_TRACE_HEADER, traceCharacters } from "../trace-header.ts";

/** An event on its way to the bus. */
export interface Outgoing {
	/** As JSON. */
	readonly json: string;
	/** Size of the JSON in UTF-8. */
	readonly bytes: number;
	/** On any clock; the outbox only returns it. */
	readonly deadline: number;
	/** Whether it is sent in a message of its own. Default false. */
	readonly isAlone?: boolean;
	/** A header of its message: whom it is for. Default: all. Events of one message are for the same groups. */
	readonly groups?: string | undefined;
	/** Sent in a header of its message. Default none. */
	readonly trace?: TraceContext | undefined;
	/** Called once, when the bus has the event. */
	onConfirmed(): void;
}

/** Events that are sent together. */
export interface OutgoingMessage<Event extends Outgoing> {
	/** Numbers the messages of one outbox from 1, in the order in which they are first written. */
	readonly seq: number;
	readonly events: readonly Event[];
}

export interface OutboxLimits {
	/** Most events that may wait for their confirmation. */
	maxEvents: number;
	/** Most bytes that they may take, as JSON in UTF-8. */
	maxBytes: number;
}

/** Most events, and most characters, of one message; a single event may exceed them. Their trace contexts share one header. */
const MESSAGE_EVENTS = 1000;
const MESSAGE_CHARACTERS = 262_144;

/**
 * The events that the bus is not known to have, in order: those that wait to be written, and those that were written and are
 * not confirmed. Bounded.
 */
export class Outbox<Event extends Outgoing> {
	readonly #limits: OutboxLimits;
	/** In order; a set, so that events can be removed from the middle. */
	readonly #waiting = new Set<Event>();
	/** In order of `seq`. */
	readonly #written = new Map<number, OutgoingMessage<Event>>();
	/** Messages of `#written` that must be written again, before anything else. */
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

	/** Bytes that they take. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Adds an event. @returns Whether there was room for it; an empty outbox takes any. */
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

	/** The next message to write; undefined if there is none. */
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
	 * The connection is lost, and it is not known whether what was written has arrived. It is written again, in order and under
	 * the same numbers, by which receivers recognise duplicates.
	 */
	rewind(): void {
		this.#again = [...this.#written.values()];
	}

	/** The bus has refused the message: it is written again as a new one, after the others. */
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
	 * The bus has refused the message because of one of its events, and has nothing of what was written after it. Each of its
	 * events is sent again as a message of its own, followed by the other messages.
	 */
	split({ seq }: OutgoingMessage<Event>): void {
		const refused = [...this.#written.values()].filter(message => message.seq >= seq);
		for (const message of refused) this.#written.delete(message.seq);
		for (const message of refused) {
			const parts = message.seq === seq ? message.events.map(event => [event]) : [message.events];
			for (const events of parts) this.#again.push(this.#write(events));
		}
	}

	/** Withdraws an event. @returns Whether that was possible: an event that was written may be on its way. */
	withdraw(event: Event): boolean {
		if (!this.#waiting.delete(event)) return false;
		this.#forget(event);
		return true;
	}

	/** All events that are not confirmed, oldest first. */
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
		let traces = 0;
		for (const event of this.#waiting) {
			if (event.isAlone && events.length > 0) break;
			if (events.length > 0 && event.groups !== events[0]?.groups) break;
			characters += event.json.length;
			traces += traceCharacters(event.trace);
			const isFull = characters > MESSAGE_CHARACTERS || traces > MAX_TRACE_HEADER;
			if (events.length > 0 && isFull) break;
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
