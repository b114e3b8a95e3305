import type { Context, Span, Tracer } from "moleculer";
import type { GivenOptions } from "../broadcast/broadcast-options.ts";
import type { SpanStart } from "./safe-tracer.ts";

/** Options that tell Moleculer in which context or span something is sent. */
interface SentIn extends GivenOptions {
	readonly requestID?: string | null;
	/** Overrides the context. */
	readonly parentSpan?: Span | null;
	readonly parentCtx?: Context | null;
}

/** An action or an event, with whether it is traced; Moleculer's types leave that out of events. */
interface Traceable {
	readonly tracing?: boolean | { readonly enabled?: boolean } | null;
}

/**
 * What a span about something that is sent with these options starts with, like Moleculer's own for a context made from them.
 * If nothing is known, the tracer decides.
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
 * The span to which something sent by a context belongs. To Moleculer it is always the context's own, which most events do not
 * have: then it is the one in which the event was sent.
 */
function spanIdOf(
	{ id, span, action, event, parentID }: Context,
	{ actions, events }: Tracer["opts"]
): string | null {
	if (span) return span.id;
	// An ended span had the context's id.
	const hadSpan = action ? actions && isTraced(action) : events && event && isTraced(event);
	return hadSpan ? id : parentID;
}

function isTraced(definition: object): boolean {
	const { tracing } = definition as Traceable;
	return (typeof tracing === "object" ? tracing?.enabled : tracing) ?? true;
}
