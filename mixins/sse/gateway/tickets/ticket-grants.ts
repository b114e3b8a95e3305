import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { TicketOptions } from "../../core/options/ticket-options.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { Session } from "../auth/session.ts";
import type { StreamGrant } from "../auth/stream-grant.ts";
import type { StreamQuery } from "../request/request.ts";
import type { GatewayService } from "../types.ts";
import { SharedTickets } from "./shared-tickets.ts";
import type { IssuedTicket, Tickets } from "./ticket.ts";
import type { Ticket } from "./ticket-claims.ts";

/** The tickets of a gateway, as requests bring them and get them: grants what they open, and counts them. */
export class TicketGrants {
	readonly #shared: SharedTickets;
	readonly #counters: GatewayCounters;

	/** @throws SseError `SSE_INVALID_OPTION` if tickets have no secret. */
	constructor(options: TicketOptions, service: GatewayService, counters: GatewayCounters) {
		this.#shared = new SharedTickets(options, service);
		this.#counters = counters;
	}

	get tickets(): Tickets {
		return this.#shared.tickets;
	}

	/** The gateway starts to hear what happens. Call this before Moleculer registers its service. */
	begin(): void {
		this.#shared.begin();
	}

	/** The gateway has stopped. */
	end(): void {
		this.#shared.end();
	}

	/**
	 * Who a request's stream is for, by its ticket. Several tickets are none.
	 *
	 * @param isProbe Whether the request only asks how it would be answered.
	 * @throws SseError `SSE_UNAUTHORIZED` if the ticket does not open the stream.
	 */
	async grant({ eventNames, tickets }: StreamQuery, isProbe: boolean): Promise<StreamGrant> {
		const ticket = await this.#shared.read(tickets, eventNames);
		if (ticket === undefined) {
			if (!isProbe) this.#counters.ticketsRefused++;
			throw noTicket();
		}
		const provenAt = this.tickets.givenAt(ticket);
		return { session: ticket, provenAt, take: () => this.#take(ticket) };
	}

	async issue(session: Session, eventNames: readonly string[]): Promise<IssuedTicket> {
		const issued = await this.tickets.issue(session, eventNames);
		this.#counters.ticketsGiven++;
		return issued;
	}

	#take(ticket: Ticket): boolean {
		const isGood = this.#shared.take(ticket);
		if (isGood) this.#counters.ticketsUsed++;
		else this.#counters.ticketsRefused++;
		return isGood;
	}
}

/** Gives no reason: every detail would help a forger. */
export function noTicket(): SseError {
	return new SseError(
		"SSE_UNAUTHORIZED",
		"This ticket does not open this stream: ask for a new one."
	);
}
