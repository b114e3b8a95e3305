import {
	EVENTS_OPTION,
	STREAM_LIMITS_OPTION,
	type StreamLimits,
	TICKET_OPTION,
	TRUST_PROXY_OPTION
} from "./access-options.ts";
import { COOKIE_OPTION, type CookieOptions } from "./cookie-options.ts";
import type { OptionSpec } from "./option-spec.ts";

/**
 * What happens to a stream whose client is slower than its events:
 * - `disconnect` ends it; the browser comes back by itself, and resumes;
 * - `dropOldest` drops the oldest events that wait, and tells by `sse.reset`;
 * - `conflate` keeps of events with the same name and key (see the option `events`) the newest that
 *   waits; past the bound it does as `dropOldest`.
 */
export type BufferPolicy = "disconnect" | "dropOldest" | "conflate";

/**
 * How a stream's request is refused for a reason that passes by itself:
 * - `stream` answers with a stream that ends at once, because EventSource comes back from nothing else;
 * - `http` answers with the reason's status, for clients that come back by themselves.
 */
export type RefusalPolicy = "stream" | "http";

/** Bytes that one stream may have unsent, and what happens past them. */
export interface BufferOptions {
	/** Default 1,048,576 (1 MiB). Unless the policy is `disconnect`, what it takes to hold an event counts as well. */
	maxBytes: number;
	/** Default `disconnect`. */
	policy: BufferPolicy;
	/**
	 * Milliseconds after which a stream is closed whose client takes nothing of what is unsent; default
	 * 60,000, 0 = never.
	 */
	stallTimeout: number;
}

export interface CompressionOptions {
	/** Bytes below which an event is not worth deflating; default 1,024. */
	threshold?: number;
}

/** Bounds of what a gateway keeps for clients that come back. */
export interface HistoryLimits {
	/** Bytes, the book-keeping included; default 67,108,864 (64 MiB). */
	maxBytes: number;
	/** Milliseconds that an event is kept; default 300,000 (5 minutes). */
	maxAge: number;
}

/** The plain options of `SseMixin`, complete. */
export interface GatewaySettings {
	/** Path of the route that the mixin adds; default `/sse/event-stream`, null = none. */
	path: string | null;
	/** The cookie of the default session. */
	cookie: CookieOptions;
	/**
	 * Life of one stream in milliseconds; default 180,000, 0 = never. Each stream lives up to 10 %
	 * longer, drawn at random, so that streams opened together do not come back together.
	 */
	timeout: number;
	/** Silence in milliseconds after which a stream gets `sse.heartbeat`; default 15,000, 0 = off. */
	heartbeat: number;
	/** Range in milliseconds from which a stream's `retry:` is drawn; default [2000, 5000], null = off. */
	retry: readonly [min: number, max: number] | null;
	/** Default 64 MiB and 5 minutes, null = off: events then have no ids, and nobody resumes. */
	history: HistoryLimits | null;
	/** Default 1 MiB, `disconnect`, 60 s. */
	buffer: BufferOptions;
	/** Bounds of what clients may open; 0 = off, each. */
	limits: StreamLimits;
	/**
	 * Which proxies in front are believed about a client's address (`X-Forwarded-For`) and whether it came by https
	 * (`X-Forwarded-Proto`): how many, or their addresses and ranges. Default false: none.
	 */
	trustProxy: boolean | number | string | readonly string[];
	/** How what passes by itself is refused; default `stream`. */
	refusals: RefusalPolicy;
	/**
	 * Milliseconds over which a stopping node closes its streams at most; default 5,000, 0 = at once. Fewer than
	 * 500 streams take 10 milliseconds each.
	 */
	drain: number;
	/** gzip for clients that accept it; default null = off. */
	compression: CompressionOptions | null;
}

const milliseconds = (zero: string): Pick<OptionSpec, "takes" | "rule"> => ({
	takes: `a whole number of milliseconds, 0 or more (0 = ${zero})`,
	rule: { type: "number", integer: true, min: 0 }
});

const optionalFunction: Pick<OptionSpec, "rule" | "check" | "private"> = {
	rule: { type: "function", optional: true },
	// To the validator, null is as good as nothing; here it might be meant to switch something off.
	check: (value: unknown) => value !== null,
	private: true
};

/** Every option of `SseMixin`. */
export const SSE_MIXIN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
	path: {
		default: "/sse/event-stream",
		takes: 'a path that starts with "/" and has no parameters or wildcards, or null for no route',
		// Nothing that means something to path-to-regexp, of any version.
		rule: { type: "string", nullable: true, pattern: /^(\/[\w.~%@-]+)+$/ }
	},
	session: {
		default: undefined,
		takes:
			"a function (ctx, req) => id | id[] | { ids, expiresAt } | null, with ids that are strings or whole " +
			"numbers, given to SseMixin() itself",
		...optionalFunction
	},
	authorize: {
		default: undefined,
		takes:
			"a function (ctx, { sessionIds, eventNames, req }) => boolean, given to SseMixin() itself",
		...optionalFunction
	},
	cookie: COOKIE_OPTION,
	events: EVENTS_OPTION,
	ticket: TICKET_OPTION,
	timeout: { default: 180_000, ...milliseconds("never") },
	heartbeat: { default: 15_000, ...milliseconds("off") },
	retry: {
		default: [2000, 5000],
		takes: "[min, max] in whole milliseconds with 0 <= min <= max, or null for none",
		rule: {
			type: "array",
			nullable: true,
			length: 2,
			items: { type: "number", integer: true, min: 0 }
		},
		check: (range: readonly [number, number] | null) => range === null || range[0] <= range[1]
	},
	history: {
		default: { maxBytes: 67_108_864, maxAge: 300_000 },
		takes:
			"{ maxBytes, maxAge }: a whole number of bytes, 65,536 or more, and of milliseconds, 1,000 or " +
			"more; or null for none",
		rule: {
			type: "object",
			nullable: true,
			strict: true,
			props: {
				maxBytes: { type: "number", integer: true, min: 65_536 },
				maxAge: { type: "number", integer: true, min: 1000 }
			}
		}
	},
	buffer: {
		default: { maxBytes: 1_048_576, policy: "disconnect", stallTimeout: 60_000 },
		takes:
			'{ maxBytes, policy, stallTimeout }: a whole number of bytes, 1,024 or more; "disconnect", ' +
			'"dropOldest" or "conflate"; and milliseconds, 0 or more (0 = never)',
		rule: {
			type: "object",
			strict: true,
			props: {
				maxBytes: { type: "number", integer: true, min: 1024 },
				policy: { type: "enum", values: ["disconnect", "dropOldest", "conflate"] },
				stallTimeout: { type: "number", integer: true, min: 0 }
			}
		}
	},
	limits: STREAM_LIMITS_OPTION,
	trustProxy: TRUST_PROXY_OPTION,
	refusals: {
		default: "stream",
		takes: '"stream" or "http"',
		rule: { type: "enum", values: ["stream", "http"] }
	},
	drain: { default: 5000, ...milliseconds("at once") },
	compression: {
		default: null,
		takes: "{ threshold }: a whole number of bytes, 0 or more; or null for none",
		rule: {
			type: "object",
			nullable: true,
			strict: true,
			props: { threshold: { type: "number", integer: true, min: 0, optional: true } }
		}
	}
};
