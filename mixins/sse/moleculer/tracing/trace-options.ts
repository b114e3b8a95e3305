import type { TraceContext } from "../../core/event/trace-context.ts";
import { readOptions } from "../broadcast/broadcast-options.ts";

/**
 * The options of a broadcast as the child of a span, whatever context it is sent in.
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
