import { lineOf, stackOf } from "../../core/errors/guard.ts";
import { isFault, isTransient, statusOf } from "../../core/errors/transient.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { GatewayService } from "../types.ts";

/** An option whose function decides who gets access. */
export type AuthOption = "session" | "authorize" | "inspector.authorize";

/** Turns errors of these functions into refusals. The reasons stay in the log, in bounded number. */
export class AuthFailures {
	readonly #failed: Readonly<Record<AuthOption, ThrottledLog>>;
	readonly #refused: ThrottledLog;

	constructor({ logger }: GatewayService) {
		const error = (text: string) => logger.error(text);
		this.#failed = {
			session: new ThrottledLog(error),
			authorize: new ThrottledLog(error),
			"inspector.authorize": new ThrottledLog(error)
		};
		this.#refused = new ThrottledLog(text => logger.info(text));
	}

	/**
	 * The client learns only that it is not at fault. If the error's status says that it is, the error is the application's
	 * refusal.
	 */
	refusal(option: AuthOption, thrown: unknown): SseError {
		if (isTransient(thrown)) {
			const reason = isFault(thrown) ? stackOf(thrown) : lineOf(thrown);
			this.#failed[option].add(`SSE: "${option}" failed, and the request is refused: ${reason}`);
			const what = option === "inspector.authorize" ? "inspector" : "stream";
			return new SseError("SSE_INTERNAL", `The ${what} cannot be opened now.`).becauseOf(thrown);
		}
		this.#refused.add(`SSE: "${option}" refused a request: ${lineOf(thrown)}`);
		const status = statusOf(thrown);
		const isForbidden = option === "session" ? status === 403 : status !== 401;
		return isForbidden ? forbidden(option) : noSession(option);
	}
}

export function noSession(option: AuthOption = "session"): SseError {
	const what = option === "inspector.authorize" ? "The inspector" : "A stream";
	return new SseError("SSE_UNAUTHORIZED", `${what} needs a session.`);
}

export function forbidden(option: AuthOption = "authorize"): SseError {
	const what = option === "inspector.authorize" ? "use the inspector" : "open that stream";
	return new SseError("SSE_FORBIDDEN", `This session may not ${what}.`);
}
