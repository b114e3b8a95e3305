import type { ServiceBroker, Span, Tracer } from "moleculer";
import { reasonOf, toError } from "../../core/errors/guard.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";

/** What a span begins with: its parent, and whether that is sampled; its service and its tags. */
export type SpanStart = NonNullable<Parameters<Tracer["startSpan"]>[1]>;

/** A broker's tracer, for those whose work must not fail because an exporter does: Moleculer calls exporters in their turn. */
export class SafeTracer {
	readonly #tracer: Tracer;
	readonly #complaints: ThrottledLog;

	constructor({ tracer, logger }: Pick<ServiceBroker, "tracer" | "logger">) {
		this.#tracer = tracer;
		this.#complaints = new ThrottledLog(text => logger.error(text));
	}

	/**
	 * @param begin What it begins with; may throw.
	 * @returns Undefined if it is not sampled, or cannot be begun.
	 */
	start(name: string, begin: () => SpanStart): Span | undefined {
		try {
			const start = begin();
			if (start.sampled === false) return undefined;
			const span = this.#tracer.startSpan(name, start);
			return span.sampled ? span : undefined;
		} catch (error) {
			this.#complain(name, error);
			return undefined;
		}
	}

	/** @param error What its work has failed with; undefined if it has not. */
	finish(span: Span, error?: unknown): void {
		try {
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
