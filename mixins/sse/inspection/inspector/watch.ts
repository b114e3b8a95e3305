import type { ServiceBroker } from "moleculer";
import type { GatewayFigures } from "../figures.ts";
import type { SseSilentNode } from "../gateway-answers.ts";
import { askEvents, askFigures } from "../questions.ts";
import { Tap, type TappedEvent } from "../tap.ts";

/** What is seen of all gateways at one moment. */
export interface Look {
	readonly gateways: readonly GatewayFigures[];
	/** Nodes with a gateway that did not answer. */
	readonly silent: readonly SseSilentNode[];
	/** The events since the last look, the oldest first. */
	readonly events: readonly TappedEvent[];
	/** Number of events that are left out because there were too many. */
	readonly skipped: number;
	/** Nodes with a gateway that keeps no history, so that its events are not seen. */
	readonly blind: readonly string[];
}

/** Milliseconds between two looks. */
const INTERVAL = 1000;
/** Events from before the first look. */
const RECENT = 20;

/**
 * Looks at all gateways once a second for as long as somebody watches, once for all who do. What it has gathered ends with the
 * last of them.
 */
export class Watch {
	readonly #broker: ServiceBroker;
	readonly #watchers = new Set<(look: string) => void>();
	#end: AbortController | undefined;
	#last: string | undefined;

	constructor(broker: ServiceBroker) {
		this.#broker = broker;
	}

	/** Whether it looks. */
	get isRunning(): boolean {
		return this.#end !== undefined;
	}

	/**
	 * @param watcher Gets each look as JSON, beginning with the most recent one.
	 * @returns Stops watching.
	 */
	add(watcher: (look: string) => void): () => void {
		this.#watchers.add(watcher);
		if (this.#last !== undefined) watcher(withoutEvents(this.#last));
		if (this.#end === undefined) {
			this.#end = new AbortController();
			void this.#run(this.#end.signal);
		}
		return () => {
			this.#watchers.delete(watcher);
			if (this.#watchers.size === 0) this.stop();
		};
	}

	/** Stops looking until somebody watches again. */
	stop(): void {
		this.#end?.abort();
		this.#end = undefined;
		this.#last = undefined;
	}

	async #run(signal: AbortSignal): Promise<void> {
		let tap: Tap | undefined;
		while (!signal.aborted) {
			const began = performance.now();
			try {
				tap ??= await this.#tap();
				const look = await this.#look(tap);
				if (signal.aborted) return;
				this.#last = JSON.stringify(look);
				for (const watcher of this.#watchers) watcher(this.#last);
			} catch (error) {
				// A node of another kind may have answered anything.
				this.#broker.logger.debug("SSE: the inspector could not look at the gateways.", error);
			}
			await pause(INTERVAL - (performance.now() - began), signal);
		}
	}

	async #look(tap: Tap): Promise<Look> {
		const [{ answers, silent }, { events, skipped, blind }] = await Promise.all([
			askFigures(this.#broker),
			tap.look()
		]);
		return { gateways: answers, silent, events, skipped, blind };
	}

	/** A tap that begins with the last events from before. */
	async #tap(): Promise<Tap> {
		const ask = (since: Readonly<Record<string, number>>) => askEvents(this.#broker, { since });
		const { answers } = await ask({});
		const since = answers.flatMap(({ place, next }) =>
			next === null ? [] : [[place, next - RECENT] as const]
		);
		return new Tap(ask, Object.fromEntries(since));
	}
}

/** The events of a look are shown once, by those who were there. */
function withoutEvents(look: string): string {
	return JSON.stringify({ ...(JSON.parse(look) as Look), events: [], skipped: 0 });
}

/** The timer does not keep the process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise(resolve => {
		const done = (): void => {
			clearTimeout(timer);
			signal.removeEventListener("abort", done);
			resolve();
		};
		const timer = setTimeout(done, Math.max(0, ms)).unref();
		signal.addEventListener("abort", done);
		if (signal.aborted) done();
	});
}
