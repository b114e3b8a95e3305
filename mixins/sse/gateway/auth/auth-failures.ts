import { stackOf, toError } from "../../core/errors/guard.ts";
import { isFault, isTransient, statusOf } from "../../core/errors/transient.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import type { GatewayService } from "../types.ts";

/** Turns errors of `session` and `authorize` into refusals. The reasons stay in the log, in bounded number. */
export class AuthFailures {
	readonly #failed: Readonly<Record<"session" | "authorize", ThrottledLog>>;
	readonly #refused: ThrottledLog;

	constructor({ logger }: GatewayService) {
		const error = (text: string) => logger.error(text);
		this.#failed = { session: new ThrottledLog(error), authorize: new ThrottledLog(error) };
		this.#refused = new ThrottledLog(text => logger.info(text));
	}

	/**
	 * The client learns only that it is not at fault. If the error's status says that it is, the error is the application's
	 * refusal.
	 */
	refusal(option: "session" | "authorize", thrown: unknown): SseError {
		if (isTransient(thrown)) {
			const reason = isFault(thrown) ? stackOf(thrown) : toError(thrown);
			this.#failed[option].add(`SSE: "${option}" failed, and the request is refused: ${reason}`);
			return new SseError("SSE_INTERNAL", "The stream cannot be opened now.").becauseOf(thrown);
		}
		this.#refused.add(`SSE: "${option}" refused a request: ${toError(thrown)}`);
		const status = statusOf(thrown);
		const isForbidden = option === "authorize" ? status !== 401 : status === 403;
		return isForbidden ? forbidden() : noSession();
	}
}

export function noSession(): SseError {
	return new SseError("SSE_UNAUTHORIZED", "A stream needs a session.");
}

export function forbidden(): SseError {
	return new SseError("SSE_FORBIDDEN", "This session may not open that stream.");
}
