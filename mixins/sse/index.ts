export type { SseMiddlewareOptions } from "../sse.middleware.ts";
export { SseMiddleware } from "../sse.middleware.ts";
export { SseMixin } from "../sse.mixin.ts";
export type { EventContract, EventsContract } from "./core/contract.ts";
export type { SseErrorType } from "./core/errors.ts";
export type { SseSend } from "./core/event.ts";
export type { BufferOptions, BufferPolicy, CompressionOptions } from "./core/options.ts";
export type {
	Authorizer,
	GatewayRequest,
	GatewayResponse,
	SessionResolver,
	SseGateway,
	SseMixinOptions,
	SseSettings,
	StreamAccess
} from "./gateway/types.ts";
export { SseError } from "./moleculer/sse-error.ts";
