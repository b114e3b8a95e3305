import type { Logger } from "moleculer";
import { setNewest } from "../../core/collections/set-newest.ts";
import { reasonOf } from "../../core/errors/guard.ts";
import type { Counted } from "../../core/metrics/counters.ts";
import type { GaugeMetric, MetricDefinition } from "../../core/metrics/metric.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import type { MetricsSource } from "./metrics-source.ts";
import {
	type MetricsRegistry,
	type RegistryMetric,
	register,
	ToldCounter,
	ToldHistogram
} from "./registered-metric.ts";

/** Seconds between two reports, if the registry has no interval of its own. */
const INTERVAL = 5;

/** What was reported of a source, by the names of its definitions; gauges are reported for all sources together. */
type Told = ReadonlyMap<string, { tell(counted: Counted): void }>;

/** Most stopped sources whose last numbers are still reported: a server answers for a while longer. */
const MOST_STOPPED = 10;

/** The measured values of a source. */
type Look = Readonly<Record<string, number | null>>;

/**
 * Reports the counts to Moleculer's registry: at the registry's own interval, for reporters that are notified of each change,
 * and whenever a metric is read, so that what is read is never out of date.
 */
export class BrokerMetrics {
	readonly #registry: MetricsRegistry;
	readonly #log: ThrottledLog;
	/** Each reports its metric. */
	readonly #metrics = new Map<string, { readonly metric: RegistryMetric; tell(): void }>();
	readonly #sources = new Map<MetricsSource, Told>();
	/** By their counters: nothing else of them is kept. */
	readonly #stopped = new Map<object, Told>();
	readonly #running = new Set<MetricsSource>();
	#timer: NodeJS.Timeout | undefined;
	/** Measured for all sources in this turn of the event loop: a reporter reads many gauges in one. */
	#looks: readonly Look[] | undefined;

	constructor(registry: MetricsRegistry, logger: Logger) {
		this.#registry = registry;
		this.#log = new ThrottledLog(text => logger.error(text));
	}

	add(source: MetricsSource): { start(): void; stop(): void } {
		const told = this.#register(source);
		const join = (): void => {
			this.#sources.set(source, told);
			this.#stopped.delete(source.counters);
			this.#looks = undefined;
		};
		join();
		this.#tellAll();
		return {
			start: () => {
				join();
				this.#running.add(source);
				this.#timer ??= setInterval(() => this.#tellAll(), this.#interval).unref();
			},
			stop: () => {
				this.#tellAll();
				this.#running.delete(source);
				this.#sources.delete(source);
				setNewest(this.#stopped, source.counters, told, MOST_STOPPED);
				this.#looks = undefined;
				this.#tellAll();
				if (this.#running.size > 0) return;
				clearInterval(this.#timer);
				this.#timer = undefined;
			}
		};
	}

	get #interval(): number {
		const seconds = Number(this.#registry.opts.collectInterval);
		return 1000 * (seconds > 0 ? seconds : INTERVAL);
	}

	#register({ definitions, events }: MetricsSource): Told {
		const told = new Map<string, ToldCounter | ToldHistogram>();
		for (const [key, definition] of Object.entries(definitions)) {
			const { name, type, label } = definition;
			const known = this.#metrics.get(name)?.metric;
			const metric = known ?? register(this.#registry, definition, events);
			if (known === undefined) this.#include(key, definition, metric);
			if (type === "histogram") told.set(key, new ToldHistogram(metric));
			else if (type === "counter") told.set(key, new ToldCounter(metric, label?.name));
		}
		// Each is given the count of its own definition.
		return told as Told;
	}

	#include(key: string, definition: MetricDefinition, metric: RegistryMetric): void {
		const tell = (): void => {
			if (definition.type === "gauge") this.#tellGauge(key, definition, metric);
			else this.#tellCounted(key);
		};
		this.#metrics.set(definition.name, { metric, tell });
		// All reporters, and the registry's own list, read a metric by this.
		const snapshot = metric.snapshot.bind(metric);
		metric.snapshot = () => {
			this.#safely(tell);
			return snapshot();
		};
	}

	#tellAll(): void {
		for (const { tell } of this.#metrics.values()) this.#safely(tell);
	}

	/** Called by timers and by readers, so it does not throw. */
	#safely(tell: () => void): void {
		try {
			tell();
		} catch (error) {
			this.#log.add(`SSE: a metric is not up to date: ${reasonOf(error)}`);
		}
	}

	#tellCounted(key: string): void {
		for (const [{ counters }, told] of this.#sources)
			told.get(key)?.tell(Reflect.get(counters, key));
		for (const [counters, told] of this.#stopped) told.get(key)?.tell(Reflect.get(counters, key));
	}

	#tellGauge(key: string, { over }: GaugeMetric, metric: RegistryMetric): void {
		const looks = this.#look();
		const values = looks.map(look => look[key]).filter(value => typeof value === "number");
		// An unknown value has no series, since most reporters have no "unknown": the last one would pass for a measured one.
		if (values.length === 0 && looks.some(look => look[key] === null)) {
			metric.values.clear();
			metric.setDirty();
			return;
		}
		if (values.length === 0 && metric.values.size === 0) return;
		metric.set(over === "sum" ? sumOf(values) : Math.max(0, ...values), {});
	}

	#look(): readonly Look[] {
		if (this.#looks === undefined) {
			this.#looks = [...this.#sources.keys()].map(source => source.gauges() as Look);
			queueMicrotask(() => {
				this.#looks = undefined;
			});
		}
		return this.#looks;
	}
}

function sumOf(values: readonly number[]): number {
	let sum = 0;
	for (const value of values) sum += value;
	return sum;
}
