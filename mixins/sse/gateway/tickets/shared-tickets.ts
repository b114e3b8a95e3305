import type { TicketOptions } from "../../core/options/ticket-options.ts";
import { TOLERANCE } from "../../core/util/clock.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import type { GatewayService } from "../types.ts";
import { announcedLives, announceLife } from "./gateway-lives.ts";
import { RecentUses } from "./recent-uses.ts";
import { Tickets } from "./ticket.ts";
import type { Ticket } from "./ticket-claims.ts";

/** The Moleculer event with which gateways tell each other of used tickets. */
export const TICKET_USED = "sse.ticket";

/** The event by which Moleculer tells a node that services have come or gone, there or on other nodes. */
const REGISTRY_CHANGED = "$services.changed";

/** The tickets of one gateway among others, which tell each other what was used. */
export class SharedTickets {
	readonly tickets: Tickets;
	readonly #service: GatewayService;
	readonly #uses: RecentUses;
	/** The lives of the gateways that were present when the registry last changed. */
	#known: ReadonlySet<string> = new Set();
	#isListening = false;

	/** @throws SseError `SSE_INVALID_OPTION` without a secret. */
	constructor(options: TicketOptions, service: GatewayService) {
		const { broker, logger } = service;
		const ahead = new ThrottledLog(text => logger.warn(text));
		this.#service = service;
		this.tickets = new Tickets(options, {
			namespace: broker.namespace,
			lives: () => announcedLives(broker),
			onAhead: milliseconds => ahead.add(clocksDiffer(milliseconds))
		});
		this.#uses = new RecentUses(this.tickets.memory);
	}

	/** The gateway starts to hear of used tickets and revocations. Call this before Moleculer registers its service. */
	begin(): void {
		this.tickets.begin();
		announceLife(this.#service, this.tickets.life);
		// Not among the service's events: Moleculer 0.14 would then call an application's handler of this event with a context.
		if (!this.#isListening) this.#service.broker.localBus.on(REGISTRY_CHANGED, this.#meet);
		this.#isListening = true;
	}

	/** The gateway has stopped. */
	end(): void {
		this.#service.broker.localBus.off(REGISTRY_CHANGED, this.#meet);
		this.#isListening = false;
	}

	/** See {@link Tickets.read}. Several tickets are none. */
	async read(
		[text = "", ...others]: readonly string[],
		eventNames: readonly string[]
	): Promise<Ticket | undefined> {
		return others.length > 0 ? undefined : this.tickets.read(text, eventNames);
	}

	/** Uses up a ticket, here and on the other gateways; false if it was used before. */
	take({ jti, until }: Ticket): boolean {
		if (!this.tickets.take({ jti })) return false;
		this.#uses.add(jti, performance.now());
		this.#tell({ jti, until });
		return true;
	}

	/** Gateways that are new have not heard what was used before. */
	readonly #meet = (): void => {
		const before = this.#known;
		this.#known = new Set(announcedLives(this.#service.broker));
		const isNew = (life: string): boolean => !before.has(life) && life !== this.tickets.life;
		if (![...this.#known].some(isNew)) return;
		for (const used of this.#uses.parts(performance.now())) this.#tell({ used });
	};

	#tell(message: { jti: string; until: number } | { used: readonly string[] }): void {
		const { broker, logger } = this.#service;
		// In an async function: a transporter, or another middleware, may throw, and Moleculer may return nothing.
		const tell = async (): Promise<unknown> => broker.broadcast(TICKET_USED, message);
		tell().catch(error =>
			logger.warn("SSE: cannot tell the other gateways that a ticket was used.", error)
		);
	}
}

function clocksDiffer(milliseconds: number): string {
	const seconds = Math.ceil(milliseconds / 1000);
	return (
		`SSE: refused a ticket that was issued ${seconds} s in the future. The clocks of all that issue and accept ` +
		`tickets must agree within ${TOLERANCE / 1000} s: synchronise them, for example with NTP.`
	);
}
