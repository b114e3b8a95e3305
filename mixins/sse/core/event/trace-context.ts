/** Where an event stands in a trace that is sampled: what travels with it. */
export interface TraceContext {
	readonly traceID: string;
	/** The span that it was sent in. */
	readonly spanID: string;
}

/** Of an id. */
export const MAX_TRACE_ID_LENGTH = 128;
/** Visible ASCII without what JSON escapes: an id's bytes are its characters, wherever it is written. */
const TRACE_ID = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** Reads what came from anywhere; undefined if it is no trace context. */
export function readTraceContext(traceID: unknown, spanID: unknown): TraceContext | undefined {
	return isTraceId(traceID) && isTraceId(spanID) ? { traceID, spanID } : undefined;
}

function isTraceId(id: unknown): id is string {
	return typeof id === "string" && TRACE_ID.test(id);
}
