import type { Listener } from "../bus/bus.ts";
import { TOLERANCE } from "../core/clock.ts";
import { CLOSE, concerns, readClose } from "../core/close.ts";
import { isRefusal } from "../core/errors.ts";
import { HeardRevocations } from "../core/heard.ts";
import type { History } from "../core/history.ts";
import { type Opening, Openings } from "../core/openings.ts";
import type { Registry } from "../core/registry.ts";
import { isNobody } from "../core/session-id.ts";
import type { EventStream } from "../http/event-stream.ts";
import { Drops } from "./drops.ts";
import { arrivalOf } from "./fan-out.ts";
import type { Tickets } from "./ticket.ts";
import type { GatewayService } from "./types.ts";

/** Closes the streams that a service has revoked, wherever in their life they are. */
export class Revocations {
	readonly #streams: Registry<EventStream>;
	readonly #drops: Drops;
	readonly #history: History | undefined;
	readonly #tickets: Pick<Tickets, "revoke"> | undefined;
	readonly #openings = new Openings();
	readonly #heard = new HeardRevocations();
	readonly #heardLate = new HeardRevocations();
	/** Ended, and their last bytes not taken yet. */
	readonly #ending = new Set<EventStream>();

	/**
	 * @param history What streams that come back are replayed from, if it is kept.
	 * @param tickets Those that are given here, if any are.
	 */
	constructor(
		streams: Registry<EventStream>,
		service: GatewayService,
		history: History | undefined,
		tickets: Pick<Tickets, "revoke"> | undefined
	) {
		this.#streams = streams;
		this.#history = history;
		this.#tickets = tickets;
		this.#drops = new Drops(service.logger);
	}

	/** To be called before a request is judged by anyone. */
	begin(): Opening {
		return this.#openings.begin(performance.now());
	}

	/** A stream takes no more events. */
	ended(stream: EventStream): void {
		this.#ending.add(stream);
	}

	/** Nothing of a stream is left. */
	closed(stream: EventStream): void {
		this.#ending.delete(stream);
	}

	/**
	 * Takes `sse.close`, whichever way it comes, and in whichever first. Whether streams may come back is judged when they
	 * do.
	 */
	readonly receive: Listener = (input, from) => {
		const { nodeID, typed, revocation: key, past, sentAt = past } = from;
		const revocation = readClose(input, { typed: typed === true });
		if (isRefusal(revocation)) {
			this.#drops.tell(CLOSE, nodeID, revocation);
			return;
		}
		if (isNobody(revocation.sessionId)) return;
		// One that comes late is not as good as one that comes now: that may still follow, by the other way.
		const isNew =
			sentAt === undefined
				? this.#heard.hear(key)
				: !this.#heard.has(key) && this.#heardLate.hear(key);
		// In a history that begins anew, what was heard before has its place among the events that are read again.
		const at = Math.max(arrivalOf(sentAt), from.notBefore ?? Number.NEGATIVE_INFINITY);
		if (isNew || past !== undefined) {
			this.#history?.revoke(revocation, past === undefined ? performance.now() : at);
		}
		if (!isNew) return;
		// What was proven since is proven by answers from after it. That the clocks differ costs a stream to be judged again.
		const until = sentAt === undefined ? Number.POSITIVE_INFINITY : at + TOLERANCE;
		this.#openings.revoke(revocation, until);
		this.#tickets?.revoke(revocation, key?.id, at);
		for (const streams of [this.#ending, this.#streams.selectAll(revocation.sessionId)]) {
			for (const stream of streams) {
				if (stream.provenAt >= until || !concerns(revocation, stream)) continue;
				stream.revoke(revocation.reason);
			}
		}
	};
}
