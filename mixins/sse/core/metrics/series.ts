import { BOUNDS } from "./histogram.ts";
import type { LabelValues, MetricDefinition } from "./metric.ts";
import { ALL_METRICS } from "./metric-definitions.ts";
import { MOST_NODES, OTHER_NODES } from "./node-counts.ts";

/**
 * Most series that a node can have of the plugin's metrics, whatever happens to it.
 *
 * @param events Number of event names in the contract; 0 without one.
 */
export function maxSeries(
	events: number,
	definitions: readonly MetricDefinition[] = ALL_METRICS
): number {
	let count = 0;
	for (const { type, label } of definitions) {
		// One more bucket, for values above all bounds.
		const each = type === "histogram" ? BOUNDS.length + 1 : 1;
		count += each * valuesOf(label?.values, events);
	}
	return count;
}

function valuesOf(values: LabelValues | undefined, events: number): number {
	if (values === undefined) return 1;
	if (values === "nodes") return MOST_NODES + OTHER_NODES.length;
	return values === "event names" ? Math.max(1, events) : values.length;
}
