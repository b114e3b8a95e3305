import type { SseGatewayRequest, SseGatewayResponse } from "../types.ts";
import type { Middleware } from "./middleware-guard.ts";

/**
 * Runs middlewares as moleculer-web runs those of a route: one after the other, and after an error only those that take one.
 *
 * @returns Never resolves if one of them answers the request itself.
 * @throws What the last of them passes on.
 */
export function runMiddlewares(
	service: unknown,
	middlewares: readonly Middleware[],
	request: SseGatewayRequest,
	response: SseGatewayResponse
): Promise<void> {
	return new Promise((resolve, reject) => {
		const run = (index: number, error?: unknown): void => {
			const middleware = middlewares[index];
			if (middleware === undefined) {
				if (error) reject(error);
				else resolve();
				return;
			}
			const next = (thrown?: unknown): void => run(index + 1, thrown);
			const takesErrors = middleware.length === 4;
			if (takesErrors !== Boolean(error)) next(error);
			else if (takesErrors) middleware.call(service, error, request, response, next);
			else middleware.call(service, request, response, next);
		};
		run(0);
	});
}
