import type { ServiceBroker, Span, Tracer } from "moleculer";
import { reasonOf, toError } from "../../core/errors/guard.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";

/** What a span starts with: its parent, and whether that is sampled; its service and its tags. */
export type SpanStart = NonNullable<Parameters<Tracer["startSpan"]>[1]>;

/** What a tracer reads of a span when it decides about it: Moleculer's default. */
const OPEN = { priority: 5 };

/** A broker's tracer, for work that must not fail because an exporter does: Moleculer calls exporters in the same turn. */
export class SafeTracer {
	readonly #tracer: Tracer;
	readonly #complaints: ThrottledLog;

	constructor({ tracer, logger }: Pick<ServiceBroker, "tracer" | "logger">) {
		this.#tracer = tracer;
		this.#complaints = new ThrottledLog(text => logger.error(text));
	}

	/**
	 * @param begin Returns what it starts with; may throw.
	 * @returns Undefined if it is not sampled, or cannot be started.
	 */
	start(name: string, begin: () => SpanStart): Span | undefined {
		try {
			const start = begin();
			// Asked before the span is created, because creating one costs as much as sending an event.
			const sampled =
				start.sampled ?? this.#tracer.shouldSample({ ...OPEN, name, ...start } as Span);
			return sampled ? this.#tracer.startSpan(name, { ...start, sampled }) : undefined;
		} catch (error) {
			this.#complain(name, error);
			return undefined;
		}
	}

	/** @param error The error with which its work failed; undefined if it did not. */
	finish(span: Span, error?: unknown, tags: Readonly<Record<string, unknown>> = {}): void {
		try {
			// An exporter has seen the span, and may have changed it.
			span.addTags(tags);
			if (error !== undefined) span.setError(toError(error));
			span.finish();
		} catch (thrown) {
			this.#complain(span.name, thrown);
		}
	}

	#complain(name: string, error: unknown): void {
		this.#complaints.add(`SSE: a span "${name}" was not exported: ${reasonOf(error)}`);
	}
}
