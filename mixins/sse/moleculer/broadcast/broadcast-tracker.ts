import { toError } from "../../core/errors/guard.ts";

/** A packet as far as it is looked at. */
interface Outgoing {
	readonly type: string;
	readonly payload: { readonly event?: unknown };
}

/** What becomes of an event while Moleculer broadcasts it. */
export class TrackedBroadcast {
	readonly eventName: string;
	/** One for each packet that was to leave with the event. */
	readonly sends: Promise<unknown>[] = [];
	/** A service of this node has got it. */
	isHeard = false;
	/** What threw at packets, or at the broadcast as a whole. */
	readonly thrown: Error[] = [];
	/** The broadcast as a whole threw: it has not come to all packets. */
	isBrokenOff = false;

	constructor(eventName: string) {
		this.eventName = eventName;
	}

	/**
	 * Whether it was refused, by the serializer for example, and has left for nobody. What is lost because the connection
	 * is lost has left: it is missing where it was expected, and its id says so.
	 */
	get isStranded(): boolean {
		if (this.isHeard || this.thrown.length === 0 || this.thrown.some(isOutage)) return false;
		return this.sends.length + (this.isBrokenOff ? 1 : 0) === this.thrown.length;
	}
}

/** Follows what a node broadcasts: Moleculer itself does not say how far that came. */
export class BroadcastTracker {
	/** Of the innermost broadcast that is under way; a listener of this node may send in its turn. */
	#current: TrackedBroadcast | undefined;

	/** Runs a broadcast, which goes to every node in the caller's turn. */
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

	/** A packet leaves, or does not. @param thrown What sending it threw. */
	note({ type, payload }: Outgoing, sent: Promise<unknown>, thrown: Error | undefined): void {
		const current = this.#current;
		if (type !== "EVENT" || current === undefined || payload.event !== current.eventName) return;
		current.sends.push(sent);
		if (thrown !== undefined) current.thrown.push(thrown);
	}

	/** A service of this node gets an event. */
	hear(eventName: string): void {
		if (this.#current?.eventName === eventName) this.#current.isHeard = true;
	}
}

/** How transporters say that they have, or are about to have, no connection; they have no term in common. */
const OUTAGE = /clos(ed|ing)|disconnect|not connected|drain|ECONN|EPIPE/i;

/** Not for certain: what is taken for an outage without being one counts as lost, and is told. */
function isOutage({ name, message, code }: Error & { code?: unknown }): boolean {
	return OUTAGE.test(`${name} ${code} ${message}`);
}
