import { toError } from "../../core/errors/guard.ts";

/** The part of a packet that is read. */
interface Outgoing {
	readonly type: string;
	readonly payload: { readonly event?: unknown };
}

/** Tracks an event while Moleculer broadcasts it. */
export class TrackedBroadcast {
	readonly eventName: string;
	/** One for each packet that was to carry the event. */
	readonly sends: Promise<unknown>[] = [];
	/** Whether it has come so far that this node's own services get it, now or in a later turn. */
	hasReachedOwnNode = false;
	/** Errors thrown for packets, or by the broadcast as a whole. */
	readonly thrown: Error[] = [];
	/** Whether the broadcast as a whole threw, before it reached all packets. */
	isBrokenOff = false;

	constructor(eventName: string) {
		this.eventName = eventName;
	}

	/**
	 * Whether it was refused, for example by the serializer, and has left for no other node. What is lost with the connection
	 * counts as sent: it is missing where it was expected, and its id shows that.
	 */
	get hasLeftForNobody(): boolean {
		if (this.thrown.length === 0 || this.thrown.some(isOutage)) return false;
		return this.sends.length + (this.isBrokenOff ? 1 : 0) === this.thrown.length;
	}
}

/** Tracks what a node broadcasts, because Moleculer does not report how far that came. */
export class BroadcastTracker {
	/** The innermost broadcast that is under way; a listener of this node may send events in turn. */
	#current: TrackedBroadcast | undefined;

	/** Runs a broadcast, which sends to every node in the caller's turn. */
	watch(
		eventName: string,
		broadcast: () => unknown
	): { tracked: TrackedBroadcast; result: unknown } {
		const before = this.#current;
		const tracked = new TrackedBroadcast(eventName);
		this.#current = tracked;
		let result: unknown;
		try {
			result = broadcast();
		} catch (error) {
			tracked.isBrokenOff = true;
			tracked.thrown.push(toError(error));
		} finally {
			this.#current = before;
		}
		return { tracked, result };
	}

	/** A packet is sent, or fails. @param thrown What sending it threw. */
	note({ type, payload }: Outgoing, sent: Promise<unknown>, thrown: Error | undefined): void {
		const current = this.#current;
		if (type !== "EVENT" || current === undefined || payload.event !== current.eventName) return;
		current.sends.push(sent);
		if (thrown !== undefined) current.thrown.push(thrown);
	}

	/** This node's own services get an event, or will. */
	reachOwnNode(eventName: string): void {
		if (this.#current?.eventName === eventName) this.#current.hasReachedOwnNode = true;
	}
}

/** How transporters say that they have, or are about to have, no connection; they have no common term. */
const OUTAGE = /clos(ed|ing)|disconnect|not connected|drain|ECONN|EPIPE/i;

/** Not certain: an error that is wrongly taken for an outage counts as a loss, and is reported. */
function isOutage({ name, message, code }: Error & { code?: unknown }): boolean {
	return OUTAGE.test(`${name} ${code} ${message}`);
}
