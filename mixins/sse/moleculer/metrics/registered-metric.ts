import type { EventsContract } from "../../core/event/contract.ts";
import { BOUNDS, type Histogram } from "../../core/metrics/histogram.ts";
import type { LabelCounts } from "../../core/metrics/label-counts.ts";
import type { MetricDefinition } from "../../core/metrics/metric.ts";

/** The part of a metric of Moleculer's registry that is used here. */
export interface RegistryMetric {
	readonly values: Map<string, HistogramItem>;
	snapshot(): unknown;
	/** What a snapshot shows has changed. */
	setDirty(): void;
	hashingLabels(labels: object): string;
	/** Of a counter. */
	increment(labels: object, value: number): unknown;
	/** Of a gauge. */
	set(value: number, labels: object): unknown;
	/** Of a histogram. */
	resetItem(item: object, timestamp: null): HistogramItem;
	changed(value: number, labels: object): void;
}

interface HistogramItem {
	count: number;
	sum: number;
	lastValue: number | null;
	timestamp: number;
	bucketValues: Record<string, number>;
}

/** The part of Moleculer's registry that is used here: the same in 0.14 and 0.15. */
export interface MetricsRegistry {
	readonly opts: { readonly collectInterval?: unknown };
	hasMetric(name: string): boolean;
	getMetric(name: string): RegistryMetric | null;
	register(options: object): RegistryMetric | null;
}

/** Registers a metric, unless it is registered already. */
export function register(
	registry: MetricsRegistry,
	{ name, type, unit, about, label }: MetricDefinition,
	events: EventsContract | undefined
): RegistryMetric {
	const isKnown = registry.hasMetric(name);
	const hasLabel = label !== undefined && (label.values !== "event names" || events !== undefined);
	const metric = isKnown
		? registry.getMetric(name)
		: registry.register({
				name,
				type,
				unit,
				description: about.replaceAll("`", ""),
				labelNames: hasLabel ? [label.name] : [],
				...(type === "histogram" && { buckets: [...BOUNDS] })
			});
	return metric as RegistryMetric;
}

/** What one source has reported of a metric. Only the difference is added to the registry, so that it may be reset there. */
export class ToldCounter {
	readonly #metric: RegistryMetric;
	readonly #label: string | undefined;
	readonly #told = new Map<string, number>();

	constructor(metric: RegistryMetric, label: string | undefined) {
		this.#metric = metric;
		this.#label = label;
	}

	tell(counted: number | LabelCounts): void {
		if (typeof counted === "number") {
			this.#tell("", counted);
			return;
		}
		const { counts } = counted;
		for (const value in counts) this.#tell(value, counts[value] as number);
	}

	#tell(value: string, count: number): void {
		const before = this.#told.get(value);
		if (before === count) return;
		const labels = this.#label === undefined || value === "" ? {} : { [this.#label]: value };
		// A series starts with 0, so that its first event is a rise.
		this.#metric.increment(labels, count - (before ?? 0));
		this.#told.set(value, count);
	}
}

/** The same for a histogram. */
export class ToldHistogram {
	readonly #metric: RegistryMetric;
	#count = 0;
	#sum = 0;
	#buckets: readonly number[] = [];

	constructor(metric: RegistryMetric) {
		this.#metric = metric;
	}

	/** Uses the registry's own fields: `observe` takes one value, goes through all buckets, and calls every reporter. */
	tell({ count, sum, last, buckets }: Histogram): void {
		if (count === this.#count) return;
		const metric = this.#metric;
		const key = metric.hashingLabels({});
		let item = metric.values.get(key);
		if (item === undefined) {
			item = metric.resetItem({ labels: {} }, null);
			metric.values.set(key, item);
		}
		item.count += count - this.#count;
		item.sum += sum - this.#sum;
		item.lastValue = last;
		item.timestamp = Date.now();
		let upTo = 0;
		for (const [index, bound] of BOUNDS.entries()) {
			upTo += (buckets[index] as number) - (this.#buckets[index] ?? 0);
			item.bucketValues[bound] = (item.bucketValues[bound] ?? 0) + upTo;
		}
		this.#count = count;
		this.#sum = sum;
		this.#buckets = [...buckets];
		metric.changed(last, {});
	}
}
