import type { GroupSpec } from "./option-spec.ts";
import { group, orNull, whole } from "./specs.ts";

/** Bounds on what a gateway keeps for returning clients. */
export interface HistoryLimits {
	/**
	 * Memory in bytes that the recent events may take, the book-keeping included.
	 * @default 67108864
	 */
	maxBytes: number;
	/**
	 * Milliseconds for which an event is kept.
	 * @default 300000
	 */
	maxAge: number;
}

export const HISTORY_OPTION: GroupSpec<HistoryLimits | null> = orNull(
	group<HistoryLimits>(
		{
			maxBytes: whole({
				about: "memory in bytes that the recent events may take, the book-keeping included",
				unit: "bytes",
				default: 67_108_864,
				min: 65_536
			}),
			maxAge: whole({
				about: "milliseconds for which an event is kept",
				unit: "milliseconds",
				default: 300_000,
				min: 1000
			})
		},
		{
			about:
				"memory in bytes, and age in milliseconds, of the recent events kept for browsers that reconnect; " +
				"without it events have no ids",
			says: ({ maxBytes, maxAge }) =>
				`a whole number of bytes, ${maxBytes}, and of milliseconds, ${maxAge}`
		}
	),
	"none"
);
