import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { GatewayCounters, SenderCounters } from "../../../../mixins/sse/core/metrics/counters.ts";
import { LabelCounts } from "../../../../mixins/sse/core/metrics/label-counts.ts";
import {
	ALL_METRICS,
	GATEWAY_METRICS,
	SENDER_METRICS
} from "../../../../mixins/sse/core/metrics/metric-definitions.ts";
import { MOST_NODES, NodeCounts } from "../../../../mixins/sse/core/metrics/node-counts.ts";
import { maxSeries } from "../../../../mixins/sse/core/metrics/series.ts";
import { METRICS_PAGE, metricsPage } from "../../../../scripts/metric-docs.ts";

const HALVES = [
	["a sender", SENDER_METRICS, new SenderCounters({ news: {}, constructor: {} })],
	["a gateway", GATEWAY_METRICS, new GatewayCounters({ news: {}, constructor: {} })]
] as const;

describe.each(HALVES)("the metrics of %s", (_, definitions, counters) => {
	const all = Object.entries(definitions);

	it.each(all)("%s: has a name of the plugin's own, a unit and a meaning", (_name, metric) => {
		expect(metric.name).toMatch(/^moleculer\.sse\.[a-z]+\.[a-z]+$/);
		expect(metric.unit).toMatch(/^[a-z]+$/);
		expect(metric.about).toMatch(/^[a-z`0-9].*[^.]$/);
	});

	it.each(all.filter(([, { type }]) => type !== "gauge"))(
		"%s: is counted, by the values that its label may have",
		(name, { label }) => {
			const counted: unknown = Reflect.get(counters, name);
			if (label === undefined) {
				expect(counted).not.toBeInstanceOf(LabelCounts);
				expect(counted).toBeDefined();
				return;
			}
			const values =
				label.values === "event names"
					? ["news", "constructor"]
					: label.values === "nodes"
						? ["unknown", "other"]
						: label.values;
			expect(Object.keys((counted as LabelCounts).counts)).toEqual(values);
		}
	);

	it("are all that is counted", () => {
		expect(Object.keys(definitions)).toEqual(expect.arrayContaining(Object.keys(counters)));
	});
});

describe("the metrics", () => {
	it("have a name each", () => {
		const names = ALL_METRICS.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
	});

	it("have labels only of reasons, outcomes, limits, event names and nodes: never of a session", () => {
		const labels = new Set(ALL_METRICS.flatMap(({ label }) => label?.name ?? []));
		expect([...labels].sort()).toEqual(["event", "limit", "outcome", "reason", "sender"]);
	});

	it("are on their page; if not, run npm run docs:metrics", () => {
		expect(readFileSync(METRICS_PAGE, "utf8")).toBe(metricsPage());
	});

	it("have at most so many series", () => {
		const fixed = maxSeries(0);
		expect(maxSeries(1)).toBe(fixed);
		expect(maxSeries(11)).toBe(fixed + 20);
		// they cost money in a dashboard: whoever adds a metric or a label sees what it costs
		expect(fixed).toBe(167);
	});
});

describe("numbers by node", () => {
	it("count only the first nodes separately, however many come and leave", () => {
		const counts = new NodeCounts();
		for (let n = 0; n < 1000; n++) counts.add(`node-${n}`);
		counts.add("node-1");
		counts.add("");

		expect(Object.keys(counts.counts)).toHaveLength(MOST_NODES + 2);
		expect(counts.counts).toMatchObject({ "node-1": 2, unknown: 1, other: 1000 - MOST_NODES });
	});

	it("accept any name", () => {
		const counts = new NodeCounts();
		for (const name of ["__proto__", "constructor", "other"]) counts.add(name);

		expect(Object.entries(counts.counts)).toEqual([
			["unknown", 0],
			["other", 1],
			["__proto__", 1],
			["constructor", 1]
		]);
	});
});
