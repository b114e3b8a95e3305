import type { Context } from "moleculer";
import type { GatewayCounters } from "../../core/metrics/counters.ts";
import type { PendingOpen } from "../../core/revocation/pending-opens.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import { trustIn } from "../limits/address.ts";
import { checkEventNames, isProbe, type StreamQuery } from "../request/request.ts";
import type { IssuedTicket, Tickets } from "../tickets/ticket.ts";
import { TicketGrants } from "../tickets/ticket-grants.ts";
import type {
	GatewayOptions,
	GatewayService,
	PrivateOption,
	SseGatewayRequest,
	SseGatewayResponse,
	SseStreamAccess
} from "../types.ts";
import { AuthFailures, forbidden, noSession } from "./auth-failures.ts";
import { SessionCookie } from "./cookie.ts";
import { resolveSession, type Session } from "./session.ts";
import { SessionAnswers } from "./session-answers.ts";
import type { StreamGrant } from "./stream-grant.ts";

type AccessOptions = Pick<GatewayOptions, PrivateOption | "limits" | "cookie" | "trustProxy">;

/** Who a request is, and what it may stream: the application's two answers, or a ticket. */
export class Access {
	readonly #options: AccessOptions;
	readonly #ticketGrants: TicketGrants | undefined;
	readonly #answers: SessionAnswers;
	readonly #failures: AuthFailures;
	/** By request, since its arrival. An object that is not in here is no request, whatever it looks like. */
	readonly #arrived = new WeakMap<object, PendingOpen>();

	/** @throws SseError `SSE_INVALID_OPTION` if tickets have no secret, or a trusted proxy has no valid address. */
	constructor(options: AccessOptions, service: GatewayService, counters: GatewayCounters) {
		this.#options = options;
		this.#failures = new AuthFailures(service);
		const cookie = new SessionCookie(options.cookie, trustIn(options.trustProxy));
		this.#answers = new SessionAnswers((request, response) =>
			resolveSession(options.session, cookie, request, response)
		);
		if (options.ticket) this.#ticketGrants = new TicketGrants(options.ticket, service, counters);
	}

	/** Undefined if no tickets are issued. */
	get tickets(): Tickets | undefined {
		return this.#ticketGrants?.tickets;
	}

	/** The gateway starts to hear what happens. Call this before Moleculer registers its service. */
	begin(): void {
		this.#ticketGrants?.begin();
	}

	/** The gateway has stopped. */
	end(): void {
		this.#ticketGrants?.end();
	}

	/**
	 * Who a stream is for.
	 *
	 * @throws SseError `SSE_UNAUTHORIZED` if it is nobody; `SSE_INTERNAL` if that cannot be determined.
	 */
	async grant(
		request: SseGatewayRequest,
		response: SseGatewayResponse,
		query: StreamQuery
	): Promise<StreamGrant> {
		if (this.#ticketGrants !== undefined && query.tickets.length > 0) {
			return this.#ticketGrants.grant(query, isProbe(request));
		}
		const session = await (this.passed(request, response) ?? this.session(request, response));
		if (session === null) throw noSession();
		return { session, take: () => true };
	}

	/**
	 * A request has arrived.
	 *
	 * @param pendingOpen Begun before the request was judged.
	 */
	arrived(request: SseGatewayRequest, pendingOpen: PendingOpen): void {
		this.#arrived.set(request, pendingOpen);
	}

	/** Since when a request is judged; undefined for one that did not come through the gateway's `httpHandler`. */
	openingOf(request: SseGatewayRequest): PendingOpen | undefined {
		return this.#arrived.get(request);
	}

	/**
	 * A ticket for the session of the request that led to an action's call.
	 *
	 * @param names The event names that the ticket is for.
	 * @throws SseError if a stream of these names would be refused, too.
	 */
	async issueTicket(
		{ req, res }: { req?: SseGatewayRequest; res?: SseGatewayResponse },
		names: readonly unknown[]
	): Promise<IssuedTicket> {
		const pendingOpen = isObject(req) ? this.#arrived.get(req) : undefined;
		if (
			this.#ticketGrants === undefined ||
			pendingOpen === undefined ||
			!isObject(req) ||
			!isObject(res)
		) {
			// The call came from another service, the REPL, or a gateway on another node, so there is no request to resolve. Or
			// an action forwarded its caller's params: those may hold anything, and look like a request.
			const remedy =
				"it is issued only for a request that reached this node through an alias of the gateway";
			throw new SseError("SSE_UNAUTHORIZED", `A ticket needs a session: ${remedy}.`);
		}
		const eventNames = checkEventNames(names, this.#options);
		const session = await this.session(req, res);
		if (session === null) throw noSession();
		const { ids: sessionIds } = session;
		await this.authorize({ sessionIds, eventNames, req });
		// A ticket issued now would be younger than the revocation, and thus valid.
		if (pendingOpen.revokedBy({ sessionIds, eventNames }) !== undefined) throw noSession();
		return this.#ticketGrants.issue(session, eventNames);
	}

	/**
	 * The session of a request, the same for streams and API calls; null without one.
	 *
	 * @throws SseError `SSE_INTERNAL` if the resolver fails; the log has the reason.
	 */
	session(request: SseGatewayRequest, response: SseGatewayResponse): Promise<Session | null> {
		return this.#orFail(this.#answers.of(request, response));
	}

	/**
	 * The session, as in {@link session}, with `ctx.meta.sessionId` set to its first id. It is provisional while the route's
	 * authentication is still to come.
	 */
	tell(
		ctx: Context<unknown, Record<string, unknown>>,
		request: SseGatewayRequest,
		response: SseGatewayResponse
	): Promise<Session | null> {
		return this.#orFail(this.#answers.tell(ctx, request, response));
	}

	/**
	 * A request has passed the authentication and authorization of its route.
	 *
	 * @returns The session, once `ctx.meta.sessionId` is set again, if `tell` was called before; otherwise undefined.
	 * @throws SseError `SSE_INTERNAL`, as a rejection, if the resolver fails.
	 */
	passed(
		request: SseGatewayRequest,
		response: SseGatewayResponse
	): Promise<Session | null> | undefined {
		const told = this.#answers.pass(request, response);
		return told === undefined ? undefined : this.#orFail(told);
	}

	/** Something has happened to a request that may have changed whose it is. */
	forget(request: SseGatewayRequest): void {
		this.#answers.forget(request);
	}

	/** @throws SseError `SSE_FORBIDDEN` unless the application allows it; `SSE_INTERNAL` if the application fails to answer. */
	async authorize({ sessionIds, eventNames, req }: SseStreamAccess): Promise<void> {
		const { authorize } = this.#options;
		if (authorize === undefined) return;
		// Copies, which the application may sort or shorten: the first id says whose stream it is, and all streams of an alias
		// have one array of names.
		const access = { sessionIds: [...sessionIds], eventNames: [...eventNames], req };
		let allowed: boolean;
		try {
			// biome-ignore lint/style/noNonNullAssertion: set by moleculer-web before any handler runs
			allowed = await authorize(req.$ctx!, access);
		} catch (error) {
			throw this.#failures.refusal("authorize", error);
		}
		if (allowed !== true) throw forbidden();
	}

	#orFail<T>(asked: Promise<T>): Promise<T> {
		return asked.catch(error => {
			throw this.#failures.refusal("session", error);
		});
	}
}

function isObject(value: unknown): value is object {
	return typeof value === "object" && value !== null;
}
