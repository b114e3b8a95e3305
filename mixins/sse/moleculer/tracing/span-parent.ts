import type { Context, Span, Tracer } from "moleculer";
import type { GivenOptions } from "../broadcast/broadcast-options.ts";
import type { SpanStart } from "./safe-tracer.ts";

/** Options by which Moleculer knows what something is sent in. */
interface SentIn extends GivenOptions {
	readonly requestID?: string | null;
	/** Wins over the context. */
	readonly parentSpan?: Span | null;
	readonly parentCtx?: Context | null;
}

/** An action or an event, as far as it says whether it is traced; Moleculer's types leave that out of events. */
interface Traceable {
	readonly tracing?: boolean | { readonly enabled?: boolean } | null;
}

/**
 * What a span begins with that is about something sent with these options, as Moleculer would begin it for a context that it
 * makes of them. Where nothing is known, the tracer decides.
 */
export function spanParent(options: GivenOptions, { opts }: Pick<Tracer, "opts">): SpanStart {
	const { parentSpan, requestID, parentCtx: ctx } = options as SentIn;
	const start = parentSpan
		? {
				traceID: parentSpan.traceID,
				parentID: parentSpan.id,
				sampled: parentSpan.sampled,
				service: parentSpan.service
			}
		: {
				traceID: requestID ?? ctx?.requestID,
				parentID: ctx && spanIdOf(ctx, opts),
				sampled: ctx?.tracing,
				service: ctx?.service
			};
	return start as SpanStart;
}

/**
 * The span that what a context sends belongs to. To Moleculer it is always the context's own, and most events have none: then it
 * is the one that the event was sent in.
 */
function spanIdOf(
	{ id, span, action, event, parentID }: Context,
	{ actions, events }: Tracer["opts"]
): string | null {
	if (span) return span.id;
	// One that has ended had the context's id.
	const hadSpan = action ? actions && isTraced(action) : events && event && isTraced(event);
	return hadSpan ? id : parentID;
}

function isTraced(definition: object): boolean {
	const { tracing } = definition as Traceable;
	return (typeof tracing === "object" ? tracing?.enabled : tracing) ?? true;
}
