import type { Listener } from "../bus/bus.ts";
import { CLOSE, concerns, readClose } from "../core/close.ts";
import { isRefusal } from "../core/errors.ts";
import type { History } from "../core/history.ts";
import { type Opening, Openings } from "../core/openings.ts";
import type { RecentRevocations } from "../core/recent-revocations.ts";
import type { Registry } from "../core/registry.ts";
import type { EventStream } from "../http/event-stream.ts";
import { Drops } from "./drops.ts";
import type { GatewayService } from "./types.ts";

/** Closes the streams that a service has revoked, wherever in their life they are. */
export class Revocations {
	readonly #streams: Registry<EventStream>;
	readonly #drops: Drops;
	readonly #history: History | undefined;
	readonly #remembered: RecentRevocations | undefined;
	readonly #openings = new Openings();
	/** Ended, and their last bytes not taken yet. */
	readonly #ending = new Set<EventStream>();

	/**
	 * @param history What streams that come back are replayed from, if it is kept.
	 * @param remembered Where they are kept for tickets, if there are any.
	 */
	constructor(
		streams: Registry<EventStream>,
		service: GatewayService,
		history: History | undefined,
		remembered: RecentRevocations | undefined
	) {
		this.#streams = streams;
		this.#history = history;
		this.#remembered = remembered;
		this.#drops = new Drops(service.logger);
	}

	/** To be called before a request is judged by anyone. */
	begin(): Opening {
		return this.#openings.begin();
	}

	/** A stream takes no more events. */
	ended(stream: EventStream): void {
		this.#ending.add(stream);
	}

	/** Nothing of a stream is left. */
	closed(stream: EventStream): void {
		this.#ending.delete(stream);
	}

	/** Takes `sse.close` from the bus. Whether streams may come back is judged when they do. */
	readonly receive: Listener = (input, { nodeID, typed }) => {
		const revocation = readClose(input, { typed: typed === true });
		if (isRefusal(revocation)) {
			this.#drops.tell(CLOSE, nodeID, revocation);
			return;
		}
		this.#openings.revoke(revocation);
		this.#history?.revoke(revocation, performance.now());
		this.#remembered?.add(revocation, Date.now());
		for (const stream of this.#ending) {
			if (concerns(revocation, stream)) stream.revoke(revocation.reason);
		}
		for (const stream of this.#streams.selectAll(revocation.sessionId)) {
			if (concerns(revocation, stream)) stream.revoke(revocation.reason);
		}
	};
}
