/** The place of an event in a sampled trace, which is sent with it. */
export interface TraceContext {
	readonly traceID: string;
	/** The span in which it was sent. */
	readonly spanID: string;
}

/** Most characters of an id. */
export const MAX_TRACE_ID_LENGTH = 128;
/** Visible ASCII without what JSON escapes: an id has as many bytes as characters, wherever it is written. */
const TRACE_ID = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** Reads a trace context from any source; undefined if it is invalid. */
export function readTraceContext(traceID: unknown, spanID: unknown): TraceContext | undefined {
	return isTraceId(traceID) && isTraceId(spanID) ? { traceID, spanID } : undefined;
}

function isTraceId(id: unknown): id is string {
	return typeof id === "string" && TRACE_ID.test(id);
}
