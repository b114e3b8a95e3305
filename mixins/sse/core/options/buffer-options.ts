import type { GroupSpec } from "./option-spec.ts";
import { group, oneOf, whole } from "./specs.ts";

/**
 * What happens to a stream whose client is slower than its events:
 * - `disconnect` ends it; the browser reconnects by itself, and resumes;
 * - `dropOldest` drops the oldest waiting events, and sends `sse.reset`;
 * - `conflate` keeps only the newest of the waiting events with the same name and key (see the option `events`); past the
 *   bound it acts like `dropOldest`.
 */
export type BufferPolicy = "disconnect" | "dropOldest" | "conflate";

/** Bytes that one stream may have unsent, and what happens past them. */
export interface BufferOptions {
	/**
	 * Bytes that one stream may have unsent. Unless the policy is `disconnect`, the memory that
	 * holds the events counts as well.
	 * @default 1048576
	 */
	maxBytes: number;
	/**
	 * What happens to a stream whose client is slower than its events.
	 * @default "disconnect"
	 */
	policy: BufferPolicy;
	/**
	 * Milliseconds after which a stream is closed whose client takes nothing of what is unsent.
	 * 0 = never.
	 * @default 60000
	 */
	stallTimeout: number;
}

export const BUFFER_OPTION: GroupSpec<BufferOptions> = group<BufferOptions>(
	{
		maxBytes: whole({
			about:
				"bytes that one stream may have unsent. Unless the policy is `disconnect`, the memory that holds the " +
				"events counts as well",
			unit: "bytes",
			default: 1_048_576,
			min: 1024
		}),
		policy: oneOf(["disconnect", "dropOldest", "conflate"], {
			about: "what happens to a stream whose client is slower than its events",
			default: "disconnect"
		}),
		stallTimeout: whole({
			about:
				"milliseconds after which a stream is closed whose client takes nothing of what is unsent",
			unit: "milliseconds",
			default: 60_000,
			zero: "never"
		})
	},
	{
		about:
			"bytes that one stream may have unsent, what happens past them, and milliseconds after which a client " +
			"that reads nothing is cut off (`0` = never); see [Slow clients](../guide/slow-clients.md#slow-clients)",
		says: ({ maxBytes, policy, stallTimeout }) =>
			`a whole number of bytes, ${maxBytes}; ${policy}; and milliseconds, ${stallTimeout}`
	}
);
