import type { GroupSpec } from "./option-spec.ts";
import { group, optional, orNull, whole } from "./specs.ts";

export interface CompressionOptions {
	/**
	 * Bytes below which an event is not worth deflating.
	 * @default 1024
	 */
	threshold?: number;
}

/** Bytes. */
export const COMPRESSION_THRESHOLD = 1024;

export const COMPRESSION_OPTION: GroupSpec<CompressionOptions | null> = {
	...orNull(
		group<CompressionOptions>(
			{
				threshold: optional(
					whole({
						about: "bytes below which an event is not worth deflating",
						unit: "bytes",
						default: COMPRESSION_THRESHOLD
					})
				)
			},
			{
				about:
					"`{ threshold }`: gzip for clients that accept it. Events below `threshold` bytes (1,024 if left out) " +
					"are sent as they are, see [Compression](../guide/slow-clients.md#compression)",
				says: ({ threshold }) => `a whole number of bytes, ${threshold}`
			}
		),
		"none"
	),
	default: null
};
