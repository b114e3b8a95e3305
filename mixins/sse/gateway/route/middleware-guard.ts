import { isThenable } from "../../core/errors/guard.ts";
import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";

type Next = (error?: unknown) => void;

/** `(req, res, next)`, or `(error, req, res, next)` for errors, told apart by their number of parameters. */
// biome-ignore lint/suspicious/noExplicitAny: the two kinds share nothing but their end
export type Middleware = (this: unknown, ...args: any[]) => unknown;

export interface Watch {
	/** Whether a request is one of those that are watched. */
	concerns(request: SseGatewayRequest): boolean;
	/** What a middleware handed on: an error; undefined that there is none, or none any more. */
	passed(request: SseGatewayRequest, thrown: unknown): void;
	/** A middleware failed when the request was no longer its own. */
	failed(thrown: unknown): void;
}

/**
 * A middleware whose failures reach the route's error handling. moleculer-web hears only of what is given to `next`, or
 * thrown before the first of them has waited for anything: else a throw ends the process, and a rejection ends it too,
 * or leaves the request without an answer.
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
