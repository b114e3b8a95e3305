import { describe, expect, it } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import type { EventsContract } from "../../../../mixins/sse/core/event/contract.ts";
import {
	GatewayCounters,
	type GatewayGauges
} from "../../../../mixins/sse/core/metrics/counters.ts";
import { LabelCounts } from "../../../../mixins/sse/core/metrics/label-counts.ts";
import { GATEWAY_METRICS } from "../../../../mixins/sse/core/metrics/metric-definitions.ts";
import { maxSeries } from "../../../../mixins/sse/core/metrics/series.ts";
import { type Metrics, metricsOf } from "../../../../mixins/sse/moleculer/metrics/metrics.ts";
import type { MetricsSource } from "../../../../mixins/sse/moleculer/metrics/metrics-source.ts";
import { eventually } from "../../../support/eventually.ts";
import { metric, readMetrics } from "../../../support/gateway/metrics.ts";
import { onTestFinished } from "../../../support/on-test-finished.ts";

const NOTHING: GatewayGauges = {
	streamsOpen: 0,
	streamsBehind: 0,
	streamsDraining: 0,
	bytesUnsent: 0,
	historyEvents: 0,
	historyBytes: 0,
	historyAge: 0
};

const createBroker = (metrics: object = {}) =>
	new ServiceBroker({ logger: false, metrics: { enabled: true, ...metrics } });

function createSource(events?: EventsContract) {
	const counters = new GatewayCounters(events);
	const gauges: Record<string, number | null> = { ...NOTHING };
	let looks = 0;
	const source: MetricsSource = {
		definitions: GATEWAY_METRICS,
		events,
		counters,
		gauges: () => {
			looks++;
			return gauges;
		}
	};
	return { source, counters, gauges, looks: () => looks };
}

describe("the counts", () => {
	it("are in the registry whenever it is read, also within one turn", () => {
		const broker = createBroker();
		const { source, counters } = createSource();
		metricsOf(broker).add(source);
		for (const count of [1, 2, 3]) {
			counters.streamsOpened = count;
			counters.openingTime.observe(7);
			expect(metric(broker, "streams.opened")).toBe(count);
			expect(metric(broker, "opening.time")).toBe(count);
		}
	});

	// Moleculer's registry got NaN, and kept it.
	it("are numbers also for an event that was declared after the start", () => {
		const broker = createBroker();
		const events: Record<string, object> = { known: {} };
		const { source, counters } = createSource(events);
		metricsOf(broker).add(source);
		events.later = {};
		for (const count of [1, 2]) {
			counters.eventsDelivered.add("later");
			expect(metric(broker, "events.delivered{later}")).toBe(count);
		}
	});

	// The lag of a gateway that had stopped was reported for as long as its node ran.
	it("have no series while a measured value is unknown, and one again when it is known", async () => {
		const broker = createBroker();
		const { source, gauges } = createSource();
		metricsOf(broker).add(source);
		const shown = async (value: number | null) => {
			gauges.streamsOpen = value;
			await Promise.resolve();
			return metric(broker, "streams.open");
		};

		expect(await shown(7)).toBe(7);
		expect(await shown(null)).toBeUndefined();
		expect(await shown(3)).toBe(3);
	});

	it("are measured once per turn, however many gauges a reporter reads", async () => {
		const broker = createBroker();
		const { source, looks } = createSource();
		metricsOf(broker).add(source);
		await Promise.resolve();
		const before = looks();
		readMetrics(broker);
		readMetrics(broker);
		expect(looks()).toBe(before + 1);
		await Promise.resolve();
		readMetrics(broker);
		expect(looks()).toBe(before + 2);
	});

	it("start again if they are reset in the registry", () => {
		const broker = createBroker();
		const { source, counters } = createSource();
		metricsOf(broker).add(source);
		counters.streamsOpened = 7;
		counters.openingTime.observe(7);
		expect(metric(broker, "streams.opened")).toBe(7);
		broker.metrics.resetAll("moleculer.sse.streams.opened");
		broker.metrics.resetAll("moleculer.sse.opening.time");
		counters.streamsOpened = 8;
		counters.openingTime.observe(7);

		expect(metric(broker, "streams.opened")).toBe(1);
		expect(metric(broker, "opening.time")).toBe(1);
	});

	it("include histograms like Moleculer's own", () => {
		const broker = createBroker();
		const { source, counters } = createSource();
		metricsOf(broker).add(source);
		const other = broker.metrics.register({
			type: "histogram",
			name: "other",
			buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]
		});
		for (const value of [0, 0.5, 1, 30, 99, 100_000]) {
			counters.openingTime.observe(value);
			other?.observe(value);
			readMetrics(broker);
		}
		const snapshot = (name: string) => {
			const [item] = (broker.metrics.getMetric(name)?.snapshot() ?? []) as object[];
			return { ...item, timestamp: undefined };
		};

		expect(snapshot("moleculer.sse.opening.time")).toEqual(snapshot("other"));
	});

	it("cover all sources together, and stay when one has gone", () => {
		const broker = createBroker();
		const [one, two] = [createSource(), createSource()];
		const tellings = [one, two].map(({ source }) => metricsOf(broker).add(source));
		one.counters.streamsOpened = 2;
		two.counters.streamsOpened = 3;
		one.gauges.historyAge = 5;
		two.gauges.historyAge = 7;
		tellings[1]?.stop();

		expect(metric(broker, "streams.opened")).toBe(5);
		expect(metric(broker, "history.age")).toBe(5);
	});

	// A server answers for a moment after its gateway has stopped: what it refused then was never reported.
	it("include a source that has stopped", () => {
		const broker = createBroker();
		const { source, counters, gauges } = createSource();
		const telling = metricsOf(broker).add(source);
		gauges.historyEvents = 4;
		telling.stop();
		counters.streamsRefused.add("drain");
		expect(metric(broker, "streams.refused{drain}")).toBe(1);
		expect(metric(broker, "history.events")).toBe(0);
		telling.start();
		counters.streamsRefused.add("drain");
		expect(metric(broker, "streams.refused{drain}")).toBe(2);
		expect(metric(broker, "history.events")).toBe(4);
		telling.stop();
	});

	// A process may load the package as ESM and as CommonJS, which have different classes.
	it("may come from another copy of the package", () => {
		const broker = createBroker();
		metricsOf(broker);
		const { source, counters } = createSource();
		const foreign = Object.assign(Object.create(null), {
			...counters,
			streamsClosed: { counts: { client: 3 } },
			openingTime: { ...counters.openingTime, count: 1, last: 4 }
		});
		expect(foreign.streamsClosed).not.toBeInstanceOf(LabelCounts);
		metricsOf(broker).add({ ...source, counters: foreign });

		expect(metric(broker, "streams.closed{client}")).toBe(3);
		expect(metric(broker, "opening.time")).toBe(1);
	});

	it("never throw at their reader", () => {
		const broker = createBroker();
		const { source } = createSource();
		const fault = () => {
			throw new Error("a fault");
		};
		metricsOf(broker).add({ ...source, gauges: fault });

		expect(() => readMetrics(broker)).not.toThrow();
	});
});

describe("the series of a node", () => {
	it.each([
		["without a contract", undefined],
		["with a contract", { news: {}, "order-update": {}, constructor: {} }]
	])("are as many as were computed, whatever happens to it: %s", (_, events) => {
		const broker = createBroker();
		const { source, counters } = createSource(events);
		metricsOf(broker).add(source);
		counters.openingTime.observe(3);
		counters.deliveryTime.observe(3);
		for (let n = 0; n < 1000; n++) counters.gapsFound.add(`container-${n}`);
		const names = Object.keys(events ?? {});

		let series = 0;
		for (const { values } of broker.metrics.list({ includes: "moleculer.sse.**" })) {
			for (const item of values as unknown as { buckets?: object }[])
				series += item.buckets === undefined ? 1 : Object.keys(item.buckets).length + 1;
		}
		expect(series).toBe(maxSeries(names.length, Object.values(GATEWAY_METRICS)));
	});
});

describe("if Moleculer's metrics are off", () => {
	it("nothing is done: no registry, no timer, no measuring, and options unchanged", () => {
		const broker = new ServiceBroker({ logger: false });
		const { source, looks } = createSource();
		const metrics: Metrics = metricsOf(broker);
		const telling = metrics.add(source);
		telling.start();
		telling.stop();
		const options = { meta: {} };

		expect(looks()).toBe(0);
		expect(metrics.stamp(options, "n.e.1")).toBe(options);
		expect(broker.metrics.list()).toEqual([]);
	});
});

describe("the timer", () => {
	it("runs at the registry's interval while there is a source, and keeps no process alive", async () => {
		const broker = createBroker({ collectInterval: 0.01 });
		const { source, looks } = createSource();
		const telling = metricsOf(broker).add(source);
		onTestFinished(() => telling.stop());
		telling.start();
		telling.start();
		const before = looks();
		await eventually(() => expect(looks()).toBeGreaterThan(before));
		telling.stop();
		const after = looks();
		await new Promise(resolve => setTimeout(resolve, 60));

		expect(looks()).toBe(after);
	});
});
