import type { Span } from "moleculer";
import type { Source } from "../../bus/bus.ts";
import type { Registry } from "../../core/addressing/registry.ts";
import type { Refusal } from "../../core/errors/refusal.ts";
import type { Address } from "../../core/event/event.ts";
import type { TraceContext } from "../../core/event/trace-context.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import { SafeTracer } from "../../moleculer/tracing/safe-tracer.ts";
import type { SlowLoss } from "../../streams/backpressure.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import type { Flush, Flushable } from "../../streams/flush.ts";
import type { GatewayService } from "../types.ts";

/** Traces events on a gateway: a span `sse.deliver` for each event that had streams there. */
export interface DeliveryTracing {
	/** An event, not of the past, is about to be given to streams, one at least. */
	begin(event: Address, from: Source, streams: ReadonlySet<EventStream>): TracedDelivery;
	/** An event is dropped, whether or not there are streams for it. */
	drop(event: Address, from: Source, refusal: Refusal): void;
}

export interface TracedDelivery {
	/**
	 * The streams have been given the event.
	 *
	 * @param bytes Of its frame.
	 */
	given(bytes: number): void;
}

const UNTRACED: TracedDelivery = { given() {} };

/** For a gateway whose broker does not trace. */
export const NO_TRACING: DeliveryTracing = { begin: () => UNTRACED, drop() {} };

/** @param flush The writes of the gateway. */
export function deliveryTracing(
	service: GatewayService,
	streams: Registry<EventStream>,
	flush: Flush
): DeliveryTracing {
	const isTraced = service.broker.isTracingEnabled();
	return isTraced ? new Deliveries(service, streams, flush) : NO_TRACING;
}

class Deliveries implements DeliveryTracing {
	readonly #service: GatewayService;
	readonly #streams: Registry<EventStream>;
	readonly #flush: Flush;
	readonly #tracer: SafeTracer;

	constructor(service: GatewayService, streams: Registry<EventStream>, flush: Flush) {
		this.#service = service;
		this.#streams = streams;
		this.#flush = flush;
		this.#tracer = new SafeTracer(service.broker);
	}

	begin(
		{ eventName }: Address,
		{ trace }: Source,
		streams: ReadonlySet<EventStream>
	): TracedDelivery {
		const span = trace && this.#start(trace, { eventName, streams: streams.size });
		if (span === undefined) return UNTRACED;
		// What is lost already was lost with another event.
		const whole = [...streams].filter(({ loss }) => loss === undefined);
		return new Delivery(span, whole, this.#flush, this.#tracer);
	}

	drop({ eventName, sessionId }: Address, { trace, past }: Source, refusal: Refusal): void {
		// Open streams do not get events of the past.
		if (trace === undefined || past !== undefined) return;
		const { size } = this.#streams.select(sessionId, eventName);
		if (size === 0) return;
		const span = this.#start(trace, { eventName, streams: size, dropped: size });
		if (span !== undefined) this.#tracer.finish(span, SseError.invalidEvent(refusal));
	}

	#start({ traceID, spanID }: TraceContext, tags: Record<string, unknown>): Span | undefined {
		const { broker } = this.#service;
		return this.#tracer.start("sse.deliver", () => ({
			traceID,
			parentID: spanID,
			sampled: true,
			service: this.#service,
			tags: { ...tags, nodeID: broker.nodeID }
		}));
	}
}

/** Ends when the event has been written to its streams, or waits for the slow ones. */
class Delivery implements TracedDelivery, Flushable {
	readonly #span: Span;
	/** Those that have lost nothing before; includes those that close meanwhile. */
	readonly #streams: readonly EventStream[];
	readonly #flush: Flush;
	readonly #tracer: SafeTracer;
	#bytes = 0;

	constructor(span: Span, streams: readonly EventStream[], flush: Flush, tracer: SafeTracer) {
		this.#span = span;
		this.#streams = streams;
		this.#flush = flush;
		this.#tracer = tracer;
	}

	given(bytes: number): void {
		this.#bytes = bytes;
		// After the streams that have got the event.
		this.#flush.add(this);
	}

	flush(): void {
		const tags: { bytes: number } & { [Loss in SlowLoss]?: number } = { bytes: this.#bytes };
		for (const { loss } of this.#streams) {
			if (loss !== undefined) tags[loss] = (tags[loss] ?? 0) + 1;
		}
		this.#tracer.finish(this.#span, undefined, tags);
	}
}
