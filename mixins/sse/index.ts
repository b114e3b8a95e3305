export type { SseMiddlewareOptions, SseStreamOptions } from "../sse.middleware.ts";
export { busState, SseMiddleware } from "../sse.middleware.ts";
export { SseMixin } from "../sse.mixin.ts";
export type { BusState } from "./bus/bus.ts";
export type { SenderLimits, StreamLimits, TicketOptions } from "./core/access-options.ts";
export type { SseClose } from "./core/close.ts";
export type { Audience, EventContract, EventsContract } from "./core/contract.ts";
export type { CookieOptions } from "./core/cookie-options.ts";
export type { SseErrorType } from "./core/errors.ts";
export type { SseSend } from "./core/event.ts";
export type {
	BufferOptions,
	BufferPolicy,
	CompressionOptions,
	RefusalPolicy
} from "./core/options.ts";
export type { SseSessionId } from "./core/session-id.ts";
export { sseSession } from "./gateway/session-hook.ts";
export type {
	Authorizer,
	ExpiringSession,
	GatewayRequest,
	GatewayResponse,
	SessionResolver,
	SseGateway,
	SseMixinOptions,
	SseSettings,
	StreamAccess
} from "./gateway/types.ts";
export { visitorSession } from "./gateway/visitor.ts";
export type { SseEventName, SseEvents, SsePayload, TypedSend } from "./moleculer/send.ts";
export { sseSend } from "./moleculer/send.ts";
export { SseError } from "./moleculer/sse-error.ts";
