/**
 * Every error of the package: its stable `type`, and the HTTP status that goes with it. The types are a contract: match on
 * them, not on messages.
 */
export const ERROR_STATUS = {
	/** An `sse.send` that cannot be sent; `data.field` names what is wrong. */
	SSE_INVALID_EVENT: 422,
	/** An `sse.close` that cannot be sent; `data.field` names what is wrong. */
	SSE_INVALID_CLOSE: 422,
	/** `sse.send` or `sse.close` was emitted: `emit` would reach one gateway only. */
	SSE_NOT_BROADCAST: 422,
	/** The message broker cannot take an event now; try again later. */
	SSE_BUS_UNAVAILABLE: 503,
	/** A stream request that cannot be served as it is; `data.parameter` names what is wrong. */
	SSE_INVALID_REQUEST: 400,
	/** The session resolver returned no session. */
	SSE_UNAUTHORIZED: 401,
	/** `authorize` refused. */
	SSE_FORBIDDEN: 403,
	/** A stream was asked for with a method other than GET or HEAD. */
	SSE_METHOD_NOT_ALLOWED: 405,
	/** The request's `Accept` excludes `text/event-stream`. */
	SSE_NOT_ACCEPTABLE: 406,
	/** A function that the gateway was configured with failed; the gateway's log has the reason. */
	SSE_INTERNAL: 500,
	/** The plugin is configured or combined in a way that cannot work; the start fails. */
	SSE_INVALID_OPTION: 500
} as const;

export type SseErrorType = keyof typeof ERROR_STATUS;

/** Temporary errors: Moleculer's own retry tries again. */
export const RETRYABLE: ReadonlySet<SseErrorType> = new Set(["SSE_BUS_UNAVAILABLE"]);
