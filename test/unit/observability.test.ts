import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { ALL_METRICS } from "../../mixins/sse/core/metrics/metric-definitions.ts";
import { anchorOf } from "../../scripts/anchor.ts";
import { section, tableRows } from "../support/markdown.ts";
import { ALERTS, PANELS, RECORDED, type Rule } from "../support/observability.ts";

const yaml = (path: string) => parse(readFileSync(path, "utf8"));
const PAGE_PATH = "docs/production/monitoring.md";
const PAGE = readFileSync(PAGE_PATH, "utf8");

/** As Moleculer's reporter for Prometheus names a metric; of a histogram without quantiles it writes the buckets alone. */
const IN_PROMETHEUS = new Map(
	ALL_METRICS.map(metric => {
		const name = metric.name.replaceAll(".", "_");
		return [metric.type === "histogram" ? `${name}_bucket` : name, metric] as const;
	})
);
const metricsIn = (expr: string): string[] => expr.match(/\bmoleculer_sse_\w+/g) ?? [];

const RULES: readonly Rule[] = [...ALERTS, ...RECORDED];
const QUERIES = PANELS.flatMap(({ title, queries }) => queries.map(expr => [title, expr] as const));
const EXPRESSIONS = [...RULES.map(({ name, expr }) => [name, expr] as const), ...QUERIES];

describe("rules and dashboard", () => {
	it.each(EXPRESSIONS)(
		"%s: names no metric that Moleculer's reporter does not write",
		(_, expr) => {
			expect(metricsIn(expr).filter(name => !IN_PROMETHEUS.has(name))).toEqual([]);
			const recorded = expr.match(/\b(?:nodeID|sse):[\w:]+/g) ?? [];
			const known = RECORDED.map(({ name }) => name);
			expect(recorded.filter(name => !known.includes(name))).toEqual([]);
		}
	);

	// A misspelt value selects nothing, and an alert that selects nothing is silent.
	it("select no value that a label does not have", () => {
		const selected = EXPRESSIONS.flatMap(([, expr]) => [
			...expr.matchAll(/\b(moleculer_sse_\w+)\{[^}]*?\b(reason|outcome|limit)=~?"([^"]+)"/g)
		]);
		expect(selected.length).toBeGreaterThan(4);
		for (const [, metric = "", label, values = ""] of selected) {
			const known = IN_PROMETHEUS.get(metric)?.label;
			expect([metric, known?.name]).toEqual([metric, label]);
			expect(known?.values).toEqual(expect.arrayContaining(values.split("|")));
		}
	});

	it("show every metric in a panel", () => {
		const shown = QUERIES.flatMap(([, expr]) => metricsIn(expr));
		expect([...IN_PROMETHEUS.keys()].filter(name => !shown.includes(name))).toEqual([]);
	});
});

describe("the dashboard", () => {
	it("has a title, a description and a query for each panel, none of them twice", () => {
		const titles = PANELS.map(({ title }) => title);
		expect(new Set(titles).size).toBe(titles.length);
		for (const { queries } of PANELS) expect(queries.length).toBeGreaterThan(0);
	});

	it("has panels that do not overlap", () => {
		const cells = PANELS.flatMap(({ x, y, w, h }) =>
			Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`)
		);
		expect(new Set(cells).size).toBe(cells.length);
	});
});

describe("an alert", () => {
	const heading = /^### (Sse\w+)$/gm;
	const entries = [...PAGE.matchAll(heading)].map(([, name = ""]) => name);

	it("has an entry in the runbook, and the reverse", () => {
		expect(entries).toEqual(ALERTS.map(({ name }) => name));
	});

	it.each(ALERTS)("$name: leads to its entry, which says what it means, and what to do", alert => {
		expect(alert.annotations.runbook).toBe(`${PAGE_PATH}#${anchorOf(alert.name)}`);
		const points = section(PAGE, alert.name).match(/^- \*\*(.+?)\*\*: \S/gm);
		expect(points?.map(point => point.slice(4, point.indexOf("**:")))).toEqual([
			"It means",
			"Look at",
			"Do"
		]);
	});

	it.each(ALERTS)("$name: leads to a panel that shows one of its metrics", alert => {
		const panel = PANELS.find(({ title }) => title === alert.annotations.panel);
		const used = alert.expr.replaceAll(
			/\bnodeID:[\w:]+/g,
			name => RECORDED.find(rule => rule.name === name)?.expr ?? ""
		);
		const names = [...metricsIn(used), "up{"].filter(name => used.includes(name));
		const shown = panel?.queries.join(" ") ?? "";
		expect(names.filter(name => shown.includes(name))).not.toEqual([]);
	});

	it.each(ALERTS)("$name: is tested, silent and firing", ({ name }) => {
		interface RuleTest {
			readonly promql_expr_test: readonly { expr: string; exp_samples: readonly unknown[] }[];
		}
		const { tests }: { tests: readonly RuleTest[] } = yaml(
			"observability/prometheus/rules.test.yml"
		);
		const about = tests
			.flatMap(test => test.promql_expr_test)
			.filter(({ expr }) => expr.includes(`alertname="${name}"`));
		const counts = about.map(({ exp_samples }) => exp_samples.length);
		expect(counts).toEqual(expect.arrayContaining([0, 1]));
	});

	it("has no other panel in the runbook than the dashboard's", () => {
		const titles = PANELS.map(({ title }) => title);
		const runbook = PAGE.slice(PAGE.indexOf("## Runbook"), PAGE.indexOf("## The log"));
		const named = [...runbook.matchAll(/(?<!\*)\*([A-Z][^*]+)\*(?!\*)/g)].map(([, name]) => name);
		expect(named.length).toBeGreaterThan(20);
		expect(named.filter(name => !titles.includes(name ?? ""))).toEqual([]);
	});
});

describe("the runbook", () => {
	const labelled = ALL_METRICS.flatMap(({ name, label }) =>
		label !== undefined && typeof label.values !== "string"
			? [[name.replaceAll(".", "_"), label.values] as const]
			: []
	);

	it.each(labelled)("%s: has an entry for each value of its label, in order", (name, values) => {
		const [, rest = ""] = PAGE.slice(PAGE.indexOf("## Reasons")).split(`\`${name}\``);
		const entries = tableRows(rest);
		const known = entries.map(([value = ""]) => value.replaceAll("`", ""));
		// of resets and of revocations, the values are a part of another metric's
		expect(known.filter(value => values.includes(value))).toEqual([...values]);
		for (const [, means = "", , act = ""] of entries) {
			expect(means).not.toBe("");
			expect(act).not.toBe("");
		}
	});
});

describe("the example with the profile observe", () => {
	const { services } = parse(readFileSync("docker-compose.yml", "utf8"), { merge: true });
	const [job] = yaml("observability/prometheus/prometheus.yml").scrape_configs;

	it("scrapes every node, at the port where it has its metrics", () => {
		const nodes = Object.entries<{ environment?: { METRICS_PORT?: number } }>(services).flatMap(
			([name, { environment }]) => {
				const port = environment?.METRICS_PORT;
				return port === undefined ? [] : [`${name}:${port}`];
			}
		);
		const named = job.dns_sd_configs.flatMap(({ names, port }: { names: string[]; port: number }) =>
			names.map(name => `${name}:${port}`)
		);
		expect([...job.static_configs[0].targets, ...named]).toEqual(nodes);
		for (const { expr } of ALERTS) {
			for (const [, name] of expr.matchAll(/\bjob="([^"]+)"/g)) expect(name).toBe(job.job_name);
		}
	});

	it("mounts files that exist, where their programs look for them", () => {
		const mounts = [...services.prometheus.volumes, ...services.grafana.volumes]
			.map((line: string) => line.split(":"))
			.filter(([from = ""]) => from.startsWith("."));
		for (const [from = ""] of mounts) expect(existsSync(from)).toBe(true);
		const { providers } = yaml("observability/grafana/provisioning/dashboards/dashboards.yml");
		expect(mounts).toContainEqual([
			"./observability/grafana/dashboards",
			providers[0].options.path,
			"ro"
		]);
		const home = services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
		expect(existsSync(home.replace(providers[0].options.path, mounts[2]?.[0]))).toBe(true);
	});
});
