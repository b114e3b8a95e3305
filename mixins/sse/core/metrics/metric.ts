/**
 * The values of a label, all of which are known: a list of them, the names of the event contract, or a bounded number of nodes.
 */
export type LabelValues = readonly string[] | "event names" | "nodes";

export interface MetricLabel {
	readonly name: string;
	readonly values: LabelValues;
}

interface Metric {
	/** `moleculer.sse.<noun>.<state>`. */
	readonly name: string;
	/** As Moleculer writes units: in the singular. */
	readonly unit: string;
	/** One sentence of Markdown, in lower case and without a full stop. */
	readonly about: string;
}

/** A number that only rises. */
export interface CounterMetric extends Metric {
	readonly type: "counter";
	readonly label?: undefined;
}

/** The same, for each value of a label. */
export interface LabelledCounterMetric extends Metric {
	readonly type: "counter";
	readonly label: MetricLabel;
}

/** A value that is measured when it is reported. */
export interface GaugeMetric extends Metric {
	readonly type: "gauge";
	/** How the values of several gateways of a node become one. */
	readonly over: "sum" | "most";
	readonly label?: undefined;
}

/** Number of values, by their size. */
export interface HistogramMetric extends Metric {
	readonly type: "histogram";
	readonly label?: undefined;
}

export type MetricDefinition =
	| CounterMetric
	| LabelledCounterMetric
	| GaugeMetric
	| HistogramMetric;

export function counter(metric: Metric): CounterMetric {
	return { type: "counter", ...metric };
}

export function counterBy(label: MetricLabel, metric: Metric): LabelledCounterMetric {
	return { type: "counter", label, ...metric };
}

export function gauge(metric: Metric, over: GaugeMetric["over"] = "sum"): GaugeMetric {
	return { type: "gauge", over, ...metric };
}

export function histogram(metric: Metric): HistogramMetric {
	return { type: "histogram", ...metric };
}
