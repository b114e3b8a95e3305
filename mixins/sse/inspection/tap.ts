import type { ServiceBroker } from "moleculer";
import type { GatewayEvent, GatewayEvents } from "./events.ts";
import type { GatewayAnswers } from "./gateway-answers.ts";

/** An event, as all gateways together saw it. */
export interface TappedEvent extends GatewayEvent {
	/** Number of gateways that it has reached. */
	readonly gateways: number;
}

/** The result of one look. */
export interface TapLook {
	readonly events: readonly TappedEvent[];
	/** Number of events that are left out because there are too many. */
	readonly skipped: number;
	/** Nodes with a gateway that has no history: its events are not known. */
	readonly blind: readonly string[];
	/** Nodes that did not answer. */
	readonly silent: readonly string[];
}

/** Asks all gateways for the events since these positions. */
export type AskEvents = (
	since: Readonly<Record<string, number>>
) => Promise<GatewayAnswers<GatewayEvents>>;

/** Ids of shown events that are remembered: another gateway may report the same event one look later. */
const REMEMBERED = 1000;
/** Milliseconds between two looks. */
const PAUSE = 500;

/**
 * The events of all gateways as they arrive, found by looking into their histories twice a second: the gateways do no work
 * between two looks, and nothing is left behind when the watcher has gone.
 */
export class Tap {
	readonly #ask: AskEvents;
	#since: Record<string, number> = {};
	/** The events of the last look: other gateways may report them by the next one. */
	#held = new Map<string, TappedEvent>();
	readonly #shown = new Set<string>();

	/** @param since Positions at which it begins; default: those of the first look. */
	constructor(ask: AskEvents, since: Readonly<Record<string, number>> = {}) {
		this.#ask = ask;
		this.#since = { ...since };
	}

	/**
	 * Returns the events that are due. The first look finds none; each event is returned by the second look after it arrived.
	 */
	async look(): Promise<TapLook> {
		const { answers, silent } = await this.#ask(this.#since);
		const due = this.#held;
		this.#held = new Map();
		const since: Record<string, number> = {};
		let skipped = 0;
		for (const { place, next, skipped: more, events } of answers) {
			if (next !== null) since[place] = next;
			skipped += more;
			for (const [index, event] of events.entries()) {
				const key = event.id ?? `${place} ${next} ${index}`;
				if (this.#shown.has(key)) continue;
				const into = due.has(key) ? due : this.#held;
				into.set(key, joined(into.get(key), event));
			}
		}
		// A node that did not answer continues where it was.
		this.#since = { ...(silent.length > 0 && this.#since), ...since };
		for (const key of due.keys()) this.#remember(key);
		const blind = answers.filter(({ next }) => next === null).map(({ place }) => place);
		return {
			events: [...due.values()].sort((a, b) => b.age - a.age),
			skipped,
			blind: blind.map(place => place.split(" ")[0] ?? place),
			silent: silent.map(({ nodeID }) => nodeID)
		};
	}

	#remember(key: string): void {
		this.#shown.add(key);
		if (this.#shown.size <= REMEMBERED) return;
		for (const oldest of this.#shown) {
			this.#shown.delete(oldest);
			break;
		}
	}
}

function joined(before: TappedEvent | undefined, event: GatewayEvent): TappedEvent {
	if (before === undefined) return { ...event, gateways: 1 };
	return {
		...before,
		gateways: before.gateways + 1,
		streams: before.streams + event.streams
	};
}

/** Looks again and again, until the broker stops or the signal aborts. */
export async function runTap(
	broker: ServiceBroker,
	tap: Tap,
	signal: AbortSignal,
	show: (look: TapLook) => void
): Promise<void> {
	while (!signal.aborted && broker.started) {
		const look = await tap.look();
		if (!signal.aborted) show(look);
		await pause(signal);
	}
}

function pause(signal: AbortSignal): Promise<void> {
	return new Promise(resolve => {
		const done = (): void => {
			clearTimeout(timer);
			signal.removeEventListener("abort", done);
			resolve();
		};
		// The timer must not keep the process alive.
		const timer = setTimeout(done, PAUSE).unref();
		signal.addEventListener("abort", done);
	});
}
