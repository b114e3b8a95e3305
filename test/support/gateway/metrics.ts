import { expect } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import type { MetricDefinition } from "../../../mixins/sse/core/metrics/metric.ts";
import { ALL_METRICS } from "../../../mixins/sse/core/metrics/metric-definitions.ts";
import { eventually } from "../eventually.ts";

interface Snapshot {
	readonly labels?: Readonly<Record<string, string>>;
	readonly value?: number;
	/** Of a histogram. */
	readonly count?: number;
}

/** Series that were found to be above 0, by any test of this file. */
export const MOVED: ReadonlySet<string> = new Set();

/** Series that only a RabbitMQ moves; its own tests check them. */
export const OF_RABBITMQ: readonly string[] = [
	"moleculer.sse.bus.lag",
	"moleculer.sse.events.failed{refused}"
];

/** The plugin's metrics of a broker, as reporters read them: by series, `name` or `name{value of its label}`. */
export function readMetrics(broker: ServiceBroker): Map<string, number> {
	const series = new Map<string, number>();
	for (const { name, values } of broker.metrics.list({ includes: "moleculer.sse.**" })) {
		for (const { labels = {}, value, count } of values as unknown as Snapshot[]) {
			const [label] = Object.values(labels);
			const key = label === undefined ? name : `${name}{${label}}`;
			series.set(key, value ?? count ?? Number.NaN);
			if ((value ?? count ?? 0) > 0) (MOVED as Set<string>).add(key);
		}
	}
	return series;
}

/** One series, without `moleculer.sse.`; undefined if there is none. */
export function metric(broker: ServiceBroker, series: string): number | undefined {
	return readMetrics(broker).get(`moleculer.sse.${series}`);
}

/** Waits until series have these values; their names are without `moleculer.sse.`. */
export function metricsBecome(
	broker: ServiceBroker,
	expected: Readonly<Record<string, unknown>>
): Promise<void> {
	return eventually(() => {
		const all = readMetrics(broker);
		const found = Object.keys(expected).map(series => [series, all.get(`moleculer.sse.${series}`)]);
		expect(Object.fromEntries(found)).toEqual(expected);
	});
}

/** All series that a definition may have, as far as they are known beforehand. */
export function seriesOf({ name, label }: MetricDefinition, events: readonly string[]): string[] {
	if (label === undefined) return [name];
	if (label.values === "nodes") return [`${name}{unknown}`];
	const values = label.values === "event names" ? events : label.values;
	return values.map(value => `${name}{${value}}`);
}

/** All possible series. */
export function allSeries(events: readonly string[]): string[] {
	return ALL_METRICS.flatMap(definition => seriesOf(definition, events));
}
