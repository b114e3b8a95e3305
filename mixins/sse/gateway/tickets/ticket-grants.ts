import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { TicketOptions } from "../../core/options/ticket-options.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { Session } from "../auth/session.ts";
import type { StreamGrant } from "../auth/stream-grant.ts";
import type { StreamQuery } from "../request/request.ts";
import type { GatewayService } from "../types.ts";
import { beginLife, createTickets, useUp } from "./shared-tickets.ts";
import type { IssuedTicket, Tickets } from "./ticket.ts";
import type { Ticket } from "./ticket-claims.ts";

/** The tickets of a gateway, as requests bring them and get them: grants what they open, and counts them. */
export class TicketGrants {
	readonly tickets: Tickets;
	readonly #service: GatewayService;
	readonly #counters: GatewayCounters;

	/** @throws SseError `SSE_INVALID_OPTION` if tickets have no secret. */
	constructor(options: TicketOptions, service: GatewayService, counters: GatewayCounters) {
		this.tickets = createTickets(options, service);
		this.#service = service;
		this.#counters = counters;
	}

	/** The gateway starts to hear what happens. Call this before Moleculer registers its service. */
	begin(): void {
		beginLife(this.tickets, this.#service);
	}

	/**
	 * Who a request's stream is for, by its ticket. Several tickets are none.
	 *
	 * @param isProbe Whether the request only asks how it would be answered.
	 * @throws SseError `SSE_UNAUTHORIZED` if the ticket does not open the stream.
	 */
	async grant(
		{ eventNames, tickets: [text = "", ...others] }: StreamQuery,
		isProbe: boolean
	): Promise<StreamGrant> {
		const ticket = others.length > 0 ? undefined : await this.tickets.read(text, eventNames);
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
		const isGood = useUp(ticket, this.tickets, this.#service);
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
