import type { Context } from "moleculer";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { Session } from "./session.ts";

type Meta = Readonly<Record<string, unknown>>;

/** Asks the application who a request is. */
type Ask = (request: SseGatewayRequest, response: SseGatewayResponse) => Promise<Session | null>;

// biome-ignore lint/suspicious/noExplicitAny: the shape of params and meta is the user's
type AnyContext = Context<any, any>;

/** An answer about a request, and when it was given. */
interface Answer {
	readonly session: Promise<Session | null>;
	/** Whether the request had passed the authentication and authorization of its route, if there are any. */
	readonly isFinal: boolean;
	/** `ctx.meta` when the application was asked: the answer may not consider what was added since. */
	readonly meta: Meta;
}

/**
 * Who each request is. The application is asked once per request, and again only if its answer may have changed: moleculer-web
 * runs `onBeforeCall` before `authenticate` and `authorize`, when the user may not be known yet.
 */
export class SessionAnswers {
	readonly #ask: Ask;
	readonly #answers = new WeakMap<SseGatewayRequest, Answer>();
	/** Requests that have passed the authentication and authorization of their route. */
	readonly #passed = new WeakSet<SseGatewayRequest>();
	/** By request: the last question whose answer goes into `ctx.meta`. */
	readonly #telling = new WeakMap<SseGatewayRequest, Answer["session"]>();
	/** By request: the context whose `meta.sessionId` is to be the session's first id. */
	readonly #told = new WeakMap<SseGatewayRequest, AnyContext>();

	constructor(ask: Ask) {
		this.#ask = ask;
	}

	/**
	 * The session of a request; null without one.
	 *
	 * @throws Whatever the application throws.
	 */
	of(request: SseGatewayRequest, response: SseGatewayResponse): Promise<Session | null> {
		const isFinal = this.isFinal(request);
		const last = this.#answers.get(request);
		if (last !== undefined && last.isFinal === isFinal && !hasChanged(last.meta, request)) {
			return last.session;
		}
		const meta = { ...request.$ctx?.meta };
		const answer: Answer = { session: this.#ask(request, response), isFinal, meta };
		this.#answers.set(request, answer);
		const forget = () => {
			if (this.#answers.get(request) === answer) this.#answers.delete(request);
		};
		answer.session.then(session => {
			// Something may still happen to the request that gives it a session.
			if (session === null) forget();
		}, forget);
		return answer.session;
	}

	/** Has the application asked again, whatever it has answered. */
	forget(request: SseGatewayRequest): void {
		this.#answers.delete(request);
	}

	/** Whether no authentication or authorization follows that could change who it is. */
	isFinal(request: SseGatewayRequest): boolean {
		const { authentication, authorization } = request.$route ?? {};
		return !(authentication || authorization) || this.#passed.has(request);
	}

	/**
	 * Sets `ctx.meta.sessionId` to the session's first id, now and again once the request has passed its route's checks. Before
	 * those, a failure counts as no session: what the application needs may not be there yet.
	 */
	async tell(
		ctx: AnyContext,
		request: SseGatewayRequest,
		response: SseGatewayResponse
	): Promise<Session | null> {
		const asked = this.of(request, response);
		this.#telling.set(request, asked);
		const session = await (this.isFinal(request) ? asked : asked.catch(() => null));
		this.#told.set(request, ctx);
		// A later question has the better answer, even if the answer to this one arrives after it.
		if (this.#telling.get(request) !== asked) return session;
		if (session === null) delete ctx.meta.sessionId;
		else ctx.meta.sessionId = session.ids[0];
		return session;
	}

	/**
	 * A request has passed its route's checks.
	 *
	 * @returns The session, once `ctx.meta.sessionId` is set again, if `tell` was called before; otherwise undefined.
	 */
	pass(
		request: SseGatewayRequest,
		response: SseGatewayResponse
	): Promise<Session | null> | undefined {
		this.#passed.add(request);
		const ctx = this.#told.get(request);
		return ctx === undefined ? undefined : this.tell(ctx, request, response);
	}
}

/** Whether `ctx.meta`, on which the application's answer depends, has changed, apart from what is set here. */
function hasChanged(before: Meta, { $ctx }: SseGatewayRequest): boolean {
	const now: Meta = $ctx?.meta ?? {};
	const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
	keys.delete("sessionId");
	return [...keys].some(key => before[key] !== now[key]);
}
