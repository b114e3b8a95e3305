import type { TicketOptions } from "../../core/options/ticket-options.ts";
import { TOLERANCE } from "../../core/util/clock.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import type { GatewayService } from "../types.ts";
import { announcedLives, announceLife } from "./gateway-lives.ts";
import { Tickets } from "./ticket.ts";
import type { Ticket } from "./ticket-claims.ts";

/** The Moleculer event with which gateways tell each other of used tickets. */
export const TICKET_USED = "sse.ticket";

/**
 * The tickets of one gateway among others.
 *
 * @throws SseError `SSE_INVALID_OPTION` without a secret.
 */
export function createTickets(options: TicketOptions, { broker, logger }: GatewayService): Tickets {
	const ahead = new ThrottledLog(text => logger.warn(text));
	return new Tickets(options, {
		namespace: broker.namespace,
		lives: () => announcedLives(broker),
		onAhead: milliseconds => ahead.add(clocksDiffer(milliseconds))
	});
}

/** The gateway starts to hear of used tickets and revocations. Call this before Moleculer registers its service. */
export function beginLife(tickets: Tickets, service: GatewayService): void {
	tickets.begin();
	announceLife(service, tickets.life);
}

/** Uses up a ticket, here and on the other gateways; false if it was used before. */
export function useUp(
	{ jti, until }: Ticket,
	tickets: Tickets,
	{ broker, logger }: GatewayService
): boolean {
	if (!tickets.take({ jti })) return false;
	// In an async function: a transporter, or another middleware, may throw, and Moleculer may return nothing.
	const tell = async (): Promise<unknown> => broker.broadcast(TICKET_USED, { jti, until });
	tell().catch(error =>
		logger.warn("SSE: cannot tell the other gateways that a ticket was used.", error)
	);
	return true;
}

function clocksDiffer(milliseconds: number): string {
	const seconds = Math.ceil(milliseconds / 1000);
	return (
		`SSE: refused a ticket that was issued ${seconds} s in the future. The clocks of all that issue and accept ` +
		`tickets must agree within ${TOLERANCE / 1000} s: synchronise them, for example with NTP.`
	);
}
