import type { TraceContext } from "../../core/event/trace-context.ts";
import { readOptions } from "../broadcast/broadcast-options.ts";

/**
 * The options of a broadcast that is a child of a span, in whatever it is sent.
 *
 * @param options Moleculer's; it also accepts groups in their place: a name, or several.
 */
export function withTraceContext(
	options: unknown,
	{ traceID, spanID }: TraceContext
): { [option: string]: unknown; parentSpan: object } {
	// What Moleculer reads of a span. It goes into the packets, as `requestID`, `parentID` and `tracing`.
	return { ...readOptions(options), parentSpan: { traceID, id: spanID, sampled: true } };
}
