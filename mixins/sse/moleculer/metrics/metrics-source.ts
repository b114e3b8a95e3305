import type { EventsContract } from "../../core/event/contract.ts";
import type { MetricDefinition } from "../../core/metrics/metric.ts";

type Definitions = Readonly<Record<string, MetricDefinition>>;

/** One half of the plugin on a node, as its metrics see it: a gateway, or a sender. */
export interface MetricsSource {
	readonly definitions: Definitions;
	/** Default: any event name. */
	readonly events: EventsContract | undefined;
	/** By the definition's name. */
	readonly counters: object;
	/** Measures what has no counter, by the definition's name. Null for what is not known. */
	gauges(): object;
}
