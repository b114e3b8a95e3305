import type { ServiceBroker } from "moleculer";
import type { GatewayEvent, GatewayEvents } from "./events.ts";
import type { GatewayAnswers } from "./gateway-answers.ts";

/** An event, as all gateways together had it. */
export interface TappedEvent extends GatewayEvent {
	/** Gateways that it has come to. */
	readonly gateways: number;
}

/** What one look found. */
export interface TapLook {
	readonly events: readonly TappedEvent[];
	/** Events that are not shown, because there were too many. */
	readonly skipped: number;
	/** Gateways without a history: what comes to them is not known. */
	readonly blind: readonly string[];
	/** Nodes that did not answer. */
	readonly silent: readonly string[];
}

/** Asks all gateways what has come since the places. */
export type AskEvents = (
	since: Readonly<Record<string, number>>
) => Promise<GatewayAnswers<GatewayEvents>>;

/** Ids that are remembered as shown: another gateway may tell of the same event a look later. */
const REMEMBERED = 1000;
/** Milliseconds between two looks. */
const PAUSE = 500;

/**
 * The events of all gateways as they come, by looking into their histories twice a second: the gateways do nothing for it
 * between two looks, and nothing is left of it when whoever looks has gone.
 */
export class Tap {
	readonly #ask: AskEvents;
	#since: Record<string, number> = {};
	/** What the last look has found: the others may tell of the same by the next. */
	#held = new Map<string, TappedEvent>();
	readonly #shown = new Set<string>();

	constructor(ask: AskEvents) {
		this.#ask = ask;
	}

	/** What has come; the first look finds nothing, and each event is there by the second look after it came. */
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
		// Who did not answer goes on where it was.
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

/** Looks again and again, until the broker stops or the signal says so. */
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
		// It keeps no process alive.
		const timer = setTimeout(done, PAUSE).unref();
		signal.addEventListener("abort", done);
	});
}
