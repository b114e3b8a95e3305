import { readTraceContext, type TraceContext } from "../../core/event/trace-context.ts";

/** Trace contexts of a message's events, by their index. */
export type TraceContexts = ReadonlyMap<number, TraceContext>;

/** An entry: the index of the event, and the ids of `TraceContext`. */
type Entry = readonly [index: number, traceID: string, spanID: string];

/**
 * Most characters, and bytes, of a header. All headers of an AMQP message must fit into one frame, whose smallest limit is
 * 4,096 bytes.
 */
export const MAX_TRACE_HEADER = 2048;
/** Most characters that are read: a longer header is not ours. */
const MAX_READ = 4096;
/** Characters of an entry, besides its ids: brackets, quotation marks, commas, and an index of up to four digits. */
const ENTRY = 13;

/** For messages whose events are in no trace. */
export const NO_TRACES: TraceContexts = new Map();

/** Most characters that a trace context takes in a header. */
export function traceCharacters(trace: TraceContext | undefined): number {
	return trace === undefined ? 0 : trace.traceID.length + trace.spanID.length + ENTRY;
}

/**
 * The header of a message; undefined if it needs none.
 *
 * @param traces One for each of its events; undefined if there is none.
 */
export function writeTraceHeader(
	traces: readonly (TraceContext | undefined)[]
): string | undefined {
	const entries: Entry[] = [];
	for (let index = 0; index < traces.length; index++) {
		const trace = traces[index];
		if (trace !== undefined) entries.push([index, trace.traceID, trace.spanID]);
	}
	return entries.length === 0 ? undefined : JSON.stringify(entries);
}

/** Reads a header, which any program may have written. Invalid trace contexts are ignored. */
export function readTraceHeader(header: unknown): TraceContexts {
	if (typeof header !== "string" || header.length > MAX_READ) return NO_TRACES;
	let entries: unknown;
	try {
		entries = JSON.parse(header);
	} catch {
		return NO_TRACES;
	}
	if (!Array.isArray(entries)) return NO_TRACES;
	const contexts = new Map<number, TraceContext>();
	for (const entry of entries) {
		if (!Array.isArray(entry)) continue;
		const [index, traceID, spanID] = entry;
		const context = readTraceContext(traceID, spanID);
		if (context !== undefined && !contexts.has(index)) contexts.set(index, context);
	}
	return contexts;
}
