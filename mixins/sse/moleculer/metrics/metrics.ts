import type { ServiceBroker } from "moleculer";
import {
	CountedDeliveryTimes,
	type DeliveryTimes,
	NO_DELIVERY_TIMES
} from "../../core/metrics/delivery-times.ts";
import type { ValueCounts } from "../../core/metrics/value-counts.ts";
import type { BroadcastOptions } from "../broadcast/safe-broadcast.ts";
import { BrokerMetrics } from "./broker-metrics.ts";
import type { MetricsSource } from "./metrics-source.ts";
import type { MetricsRegistry } from "./registered-metric.ts";
import { withSendTime } from "./send-time.ts";

/** What tells a source's numbers. */
export interface Telling {
	/** From now on, again and again; again is harmless. */
	start(): void;
	/** A last time, and no more. */
	stop(): void;
}

/** The metrics of a broker, or nothing where they are off. */
export interface Metrics {
	/** Makes a source's metrics known. */
	add(source: MetricsSource): Telling;
	/** @param counts What the times are counted in. */
	deliveryTimes(counts: ValueCounts): DeliveryTimes;
	/**
	 * The options of the broadcast of an event, with the time at which it is sent.
	 *
	 * @param id The event's.
	 */
	stamp(options: BroadcastOptions | undefined, id: string): BroadcastOptions | undefined;
}

const NOTHING: Telling = { start() {}, stop() {} };

const NO_METRICS: Metrics = {
	add: () => NOTHING,
	deliveryTimes: () => NO_DELIVERY_TIMES,
	stamp: options => options
};

/** Known by name, not by identity: a process may load the package twice, as ESM and as CommonJS. */
const KEY = Symbol.for("moleculer-sse.metrics");

/** The metrics of a broker: one for all that there is of the plugin on it. */
export function metricsOf(broker: ServiceBroker): Metrics {
	const holder = broker as { [KEY]?: Metrics };
	if (holder[KEY] === undefined) {
		Object.defineProperty(broker, KEY, { value: createMetrics(broker), configurable: true });
	}
	return holder[KEY] as Metrics;
}

function createMetrics(broker: ServiceBroker): Metrics {
	if (!broker.isMetricsEnabled()) return NO_METRICS;
	const metrics = new BrokerMetrics(broker.metrics as unknown as MetricsRegistry, broker.logger);
	return {
		add: source => metrics.add(source),
		deliveryTimes: counts => new CountedDeliveryTimes(counts),
		stamp: withSendTime
	};
}
