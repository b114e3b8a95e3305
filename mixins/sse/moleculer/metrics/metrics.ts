import type { ServiceBroker } from "moleculer";
import {
	CountedDeliveryTimes,
	type DeliveryTimes,
	NO_DELIVERY_TIMES
} from "../../core/metrics/delivery-times.ts";
import type { Histogram } from "../../core/metrics/histogram.ts";
import type { BroadcastOptions } from "../broadcast/safe-broadcast.ts";
import { BrokerMetrics } from "./broker-metrics.ts";
import type { MetricsSource } from "./metrics-source.ts";
import type { MetricsRegistry } from "./registered-metric.ts";
import { withSendTime } from "./send-time.ts";

/** Reports a source's numbers. */
export interface Telling {
	/** Reports from now on, repeatedly; calling this again is harmless. */
	start(): void;
	/** Reports once more, and stops. */
	stop(): void;
}

/** The metrics of a broker, or none if they are off. */
export interface Metrics {
	/** Adds a source's metrics. */
	add(source: MetricsSource): Telling;
	/** @param counts Counts the times. */
	deliveryTimes(counts: Histogram): DeliveryTimes;
	/**
	 * The options of an event's broadcast, with the time at which it is sent.
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

/** A registered symbol, so that a process that loads the package twice, as ESM and as CommonJS, has one key. */
const KEY = Symbol.for("moleculer-sse.metrics");

/** The metrics of a broker: one object for everything of the plugin on it. */
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
