import type { ResetReason } from "../history/id-order.ts";
import type { BufferPolicy } from "../options/buffer-options.ts";

/** Why no stream opened, as the client was told. */
export const REFUSAL_REASONS = [
	"invalid",
	"unauthorized",
	"forbidden",
	"method",
	"accept",
	"other",
	"unavailable",
	"limit",
	"drain",
	"revoked",
	"gone"
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Why a stream ended. An application's own reasons in `sse.close` all count as `revoked`. */
export const END_REASONS = [
	"timeout",
	"drain",
	"limit",
	"expired",
	"revoked",
	"slow",
	"stalled",
	"error",
	"client"
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Reasons of `sse.reset`. */
export const RESET_REASONS: readonly ResetReason[] = [
	"unknown",
	"expired",
	"epoch",
	"gap",
	"revoked"
];

/** The outcome for a client that came back. */
export const RESUME_OUTCOMES: readonly ResumeOutcome[] = ["replayed", "live", ...RESET_REASONS];
export type ResumeOutcome = "replayed" | "live" | ResetReason;

/** Why an event did not leave its node: reasons in the event itself. */
export const BAD_EVENT_REASONS = ["invalid", "contract", "oversized", "emitted"] as const;
export type BadEventReason = (typeof BAD_EVENT_REASONS)[number];

/** The same for revocations, which no contract covers. */
export const BAD_REVOCATION_REASONS = ["invalid", "oversized", "emitted"] as const;
export type BadRevocationReason = (typeof BAD_REVOCATION_REASONS)[number];

/** Why a valid event was not taken by its bus. */
export const FAILURE_REASONS = [
	"transporter",
	"full",
	"unconfirmed",
	"refused",
	"stopped"
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Why events were dropped at a gateway. */
export const DROP_REASONS = [
	"invalid",
	"contract",
	"oversized",
	"slow-disconnect",
	"slow-dropOldest",
	"slow-conflate",
	"conflated",
	"expired",
	"revoked",
	"closed"
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** The limits at which clients are sent away. */
export const LIMITS = [
	"streams",
	"streamsPerSession",
	"streamsPerIp",
	"opensPerSecond",
	"eventNames"
] as const;
export type LimitName = (typeof LIMITS)[number];

/** The reason, by policy, for events for which a client is too slow. */
export const SLOW: Readonly<Record<BufferPolicy, DropReason>> = {
	disconnect: "slow-disconnect",
	dropOldest: "slow-dropOldest",
	conflate: "slow-conflate"
};
