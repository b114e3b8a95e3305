import { BUFFER_OPTION, type BufferOptions } from "./buffer-options.ts";
import { COMPRESSION_OPTION, type CompressionOptions } from "./compression-options.ts";
import { COOKIE_OPTION, type CookieOptions } from "./cookie-options.ts";
import { HISTORY_OPTION, type HistoryLimits } from "./history-options.ts";
import { STREAM_LIMITS_OPTION, type StreamLimits } from "./limit-options.ts";
import type { OptionSpecs } from "./option-spec.ts";
import { oneOf, orNull, text, whole } from "./specs.ts";
import { TRUST_PROXY_OPTION } from "./trust-proxy-option.ts";

/**
 * How a stream's request is refused for a temporary reason:
 * - `stream` answers with a stream that ends at once, because EventSource reconnects after nothing else;
 * - `http` answers with the reason's status, for clients that reconnect by themselves.
 */
export type RefusalPolicy = "stream" | "http";

/** The plain options of `SseMixin`, with their defaults. */
export interface GatewaySettings {
	/**
	 * Route that the mixin adds; with `null` only your own `{ type: "sse" }` aliases stream.
	 * @default "/sse/event-stream"
	 */
	path: string | null;
	/**
	 * The cookie of the default session.
	 * @default { "name": "sid", "secure": "auto", "sameSite": "lax", "path": "/", "domain": null }
	 */
	cookie: CookieOptions;
	/**
	 * Life of one stream in milliseconds. Each lives up to 10 % longer, at random, so that streams
	 * opened together do not reconnect together. 0 = never.
	 * @default 180000
	 */
	timeout: number;
	/**
	 * Silence in milliseconds after which a stream gets `sse.heartbeat`. 0 = off.
	 * @default 15000
	 */
	heartbeat: number;
	/**
	 * Range in milliseconds from which each stream's `retry:` is drawn. null = none.
	 * @default [2000, 5000]
	 */
	retry: readonly [min: number, max: number] | null;
	/**
	 * Memory in bytes, and age in milliseconds, of the recent events kept for browsers that
	 * reconnect; without it events have no ids. null = none.
	 * @default { "maxBytes": 67108864, "maxAge": 300000 }
	 */
	history: HistoryLimits | null;
	/**
	 * Bytes that one stream may have unsent, what happens past them, and milliseconds after which
	 * a client that reads nothing is cut off (`0` = never); see "Slow clients" in
	 * docs/guide/slow-clients.md.
	 * @default { "maxBytes": 1048576, "policy": "disconnect", "stallTimeout": 60000 }
	 */
	buffer: BufferOptions;
	/**
	 * Bounds on what clients may open, and on an event; 0 turns one off; see "Limits" in
	 * docs/production/limits.md.
	 * @default { "streams": 50000, "streamsPerSession": 1000, "streamsPerIp": 0, "opensPerSecond":
	 * 5000, "eventNames": 500000, "eventNamesPerStream": 100, "eventBytes": 16777216,
	 * "recipientsPerEvent": 10000 }
	 */
	limits: StreamLimits;
	/**
	 * The proxies in front that are trusted about a client's address (`X-Forwarded-For`) and https
	 * (`X-Forwarded-Proto`): their number, or a list of their addresses and ranges (`"loopback"`,
	 * `"10.0.0.0/8"`); `true` trusts any, a client that writes these headers itself included.
	 * @default false
	 */
	trustProxy: boolean | number | string | readonly string[];
	/**
	 * How a stream's request is refused for a temporary reason: `"stream"` tells EventSource to
	 * come back, `"http"` sends the status.
	 * @default "stream"
	 */
	refusals: RefusalPolicy;
	/**
	 * The longest time in milliseconds over which a stopping node closes its streams; few streams
	 * take less, see "When a node stops" in docs/production/limits.md. 0 = at once.
	 * @default 5000
	 */
	drain: number;
	/**
	 * `{ threshold }`: gzip for clients that accept it. Events below `threshold` bytes (1,024 if
	 * left out) are sent as they are, see "Compression" in docs/guide/slow-clients.md.
	 * null = none.
	 * @default null
	 */
	compression: CompressionOptions | null;
	/**
	 * Path at which the gateway serves the client to pages without a bundler, for example
	 * `/sse/client.js`. null = none.
	 * @default null
	 */
	client: string | null;
}

/** Nothing that means something to path-to-regexp, of any version. */
export const PATH: RegExp = /^(\/[\w.~%@-]+)+$/;

export const GATEWAY_SETTINGS: OptionSpecs<GatewaySettings> = {
	path: orNull(
		text({
			about:
				'route that the mixin adds; with `null` only your own `{ type: "sse" }` aliases stream',
			default: "/sse/event-stream",
			takes: 'a path that starts with "/" and has no parameters or wildcards',
			pattern: PATH
		}),
		"no route"
	),
	cookie: COOKIE_OPTION,
	timeout: whole({
		about:
			"life of one stream in milliseconds. Each lives up to 10 % longer, at random, so that streams opened " +
			"together do not reconnect together",
		unit: "milliseconds",
		default: 180_000,
		zero: "never"
	}),
	heartbeat: whole({
		about: "silence in milliseconds after which a stream gets `sse.heartbeat`",
		unit: "milliseconds",
		default: 15_000,
		zero: "off"
	}),
	retry: {
		...orNull(
			{
				about: "range in milliseconds from which each stream's `retry:` is drawn",
				unit: "milliseconds",
				takes: "[min, max] in whole milliseconds with 0 <= min <= max",
				range: "[min, max]",
				rule: {
					type: "array",
					length: 2,
					items: { type: "number", integer: true, min: 0 }
				},
				check: ([min, max]: readonly [min: number, max: number]) => min <= max
			},
			"none"
		),
		default: [2000, 5000]
	},
	history: HISTORY_OPTION,
	buffer: BUFFER_OPTION,
	limits: STREAM_LIMITS_OPTION,
	trustProxy: TRUST_PROXY_OPTION,
	refusals: oneOf(["stream", "http"], {
		about:
			'how a stream\'s request is refused for a [temporary](../production/limits.md#temporary-failures) reason: `"stream"` tells ' +
			'EventSource to come back, `"http"` sends the status',
		default: "stream"
	}),
	drain: whole({
		about:
			"the longest time in milliseconds over which a stopping node closes its streams; few streams take less, " +
			"see [When a node stops](../production/limits.md#when-a-node-stops)",
		unit: "milliseconds",
		default: 5000,
		zero: "at once"
	}),
	compression: COMPRESSION_OPTION,
	client: {
		...orNull(
			text({
				about:
					"path at which the gateway serves [the client](../guide/in-the-browser.md) to pages without a bundler, for example " +
					"`/sse/client.js`",
				takes: 'a path that starts with "/" and has no parameters or wildcards',
				pattern: PATH
			}),
			"none"
		),
		default: null
	}
};
