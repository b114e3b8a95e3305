import { isThenable } from "../../core/errors/guard.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

type Next = (error?: unknown) => void;

/** `(req, res, next)`, or `(error, req, res, next)` for errors, told apart by the number of parameters. */
// biome-ignore lint/suspicious/noExplicitAny: the two kinds share nothing but their end
export type Middleware = (this: unknown, ...args: any[]) => unknown;

export interface Watch {
	/** Whether a request is watched. */
	concerns(request: SseGatewayRequest): boolean;
	/** What a middleware passed to `next`: an error; undefined if there is none, or none any more. */
	passed(request: SseGatewayRequest, thrown: unknown): void;
	/** A middleware failed after it had passed the request on. */
	failed(thrown: unknown): void;
}

/**
 * A middleware whose failures reach the route's error handling. moleculer-web only notices what is passed to `next`, or thrown
 * before the first middleware has waited for anything. Otherwise an error ends the process, and a rejection does so too, or
 * leaves the request without an answer.
 */
export function guardMiddleware(middleware: Middleware, watch: Watch): Middleware {
	if (middleware.length > 4) return middleware;
	if (middleware.length === 4) {
		return function (
			error: unknown,
			request: SseGatewayRequest,
			response: SseGatewayResponse,
			next: Next
		) {
			run(request, next, watch, given => middleware.call(this, error, request, response, given));
		};
	}
	return function (request: SseGatewayRequest, response: SseGatewayResponse, next: Next) {
		run(request, next, watch, given => middleware.call(this, request, response, given));
	};
}

function run(
	request: SseGatewayRequest,
	next: Next,
	watch: Watch,
	call: (next: Next) => unknown
): void {
	if (!watch.concerns(request)) {
		call(next);
		return;
	}
	let isDone = false;
	const once: Next = error => {
		isDone = true;
		watch.passed(request, error);
		next(error);
	};
	const fail = (thrown: unknown) => {
		if (isDone) watch.failed(thrown);
		else once(thrown || new Error("A middleware failed without giving a reason."));
	};
	try {
		const result = call(once);
		if (isThenable(result)) result.then(undefined, fail);
	} catch (thrown) {
		fail(thrown);
	}
}
