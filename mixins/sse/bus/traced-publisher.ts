import type { ServiceBroker, Span } from "moleculer";
import type { Address } from "../core/event/event.ts";
import { readOptions } from "../moleculer/broadcast/broadcast-options.ts";
import { whenSettled } from "../moleculer/broadcast/unhandled-rejection.ts";
import { SafeTracer, type SpanStart } from "../moleculer/tracing/safe-tracer.ts";
import { spanParent } from "../moleculer/tracing/span-parent.ts";
import type { Bus, PublishOptions } from "./bus.ts";

/** Takes events that are sent. */
export type EventPublisher = Pick<Bus, "publish">;

/** Returns the bus itself if its broker does not trace: then nothing is done for traces. */
export function tracedPublisher(broker: ServiceBroker, bus: Bus): EventPublisher {
	return broker.isTracingEnabled() ? new TracedPublisher(broker, bus) : bus;
}

/** Passes events to a bus, each within a span `sse.send`, until the bus has it. */
class TracedPublisher implements EventPublisher {
	readonly #broker: ServiceBroker;
	readonly #bus: Bus;
	readonly #tracer: SafeTracer;

	constructor(broker: ServiceBroker, bus: Bus) {
		this.#broker = broker;
		this.#bus = bus;
		this.#tracer = new SafeTracer(broker);
	}

	publish(address: Address, json: string, options?: PublishOptions): Promise<unknown> {
		const span = this.#tracer.start("sse.send", () => this.#begin(address, options));
		if (span === undefined) return this.#bus.publish(address, json, options);
		return this.#publishIn(span, address, json, options);
	}

	#begin({ eventName }: Address, options: PublishOptions | undefined): SpanStart {
		const { nodeID, tracer } = this.#broker;
		return { ...spanParent(readOptions(options), tracer), tags: { eventName, nodeID } };
	}

	#publishIn(
		span: Span,
		address: Address,
		json: string,
		options: PublishOptions | undefined
	): Promise<unknown> {
		const bytes = Buffer.byteLength(json);
		const finish = (error?: unknown): void => this.#tracer.finish(span, error, { bytes });
		try {
			const context = { traceID: span.traceID, spanID: span.id };
			const sent = this.#bus.publish(address, json, options, context);
			whenSettled(sent, finish);
			return sent;
		} catch (error) {
			finish(error);
			throw error;
		}
	}
}
