export type { SseMiddlewareOptions } from "../sse.middleware.ts";
export { busState, SseMiddleware } from "../sse.middleware.ts";
export { SseMixin } from "../sse.mixin.ts";
export type { SseBusState } from "./bus/bus.ts";
export type { SseSessionId } from "./core/addressing/session-id.ts";
export type { SseErrorType } from "./core/errors/error-types.ts";
export type { EventContract, EventsContract, SseAudience, SseForm } from "./core/event/contract.ts";
export type { SseSend } from "./core/event/event.ts";
export type { BufferOptions, BufferPolicy } from "./core/options/buffer-options.ts";
export type { CompressionOptions } from "./core/options/compression-options.ts";
export type { CookieOptions } from "./core/options/cookie-options.ts";
export type { RefusalPolicy } from "./core/options/gateway-options.ts";
export type { SenderLimits, StreamLimits } from "./core/options/limit-options.ts";
export type { SseRabbitmqOptions } from "./core/options/rabbitmq-options.ts";
export type { TicketOptions } from "./core/options/ticket-options.ts";
export type { SseClose } from "./core/revocation/revocation.ts";
export { sseSession } from "./gateway/auth/session-hook.ts";
export { visitorSession } from "./gateway/auth/visitor.ts";
export type {
	ExpiringSession,
	InspectorAuthorizer,
	InspectorOptions,
	SessionResolver,
	SseAuthorizer,
	SseGateway,
	SseGatewayRequest,
	SseGatewayResponse,
	SseMixinOptions,
	SseSettings,
	SseStreamAccess
} from "./gateway/types.ts";
export type { CloseParams, SseClosed } from "./inspection/close.ts";
export type { SseSilentNode } from "./inspection/gateway-answers.ts";
export type { SseBusHealth, SseLiveness, SseReadiness } from "./inspection/health.ts";
export type { SseNode, SseNodes } from "./inspection/nodes.ts";
export type { SseStream, SseStreams, StreamsParams } from "./inspection/streams.ts";
export type { SseVerdictName } from "./inspection/why/verdict.ts";
export type { SseVerdict, SseWhy, WhyParams } from "./inspection/why/why.ts";
export type {
	SseEventName,
	SseEvents,
	SsePayload,
	SseTextEvents,
	TypedSend
} from "./moleculer/sender/send.ts";
export { sseSend } from "./moleculer/sender/send.ts";
export { SseError } from "./moleculer/sse-error.ts";
