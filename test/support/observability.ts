import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A rule of Prometheus. */
export interface Rule {
	readonly name: string;
	readonly expr: string;
}

export interface Alert extends Rule {
	/** `panel` is a panel's title, and `runbook` the entry's page and anchor. */
	readonly annotations: Readonly<Record<"summary" | "panel" | "runbook", string>>;
}

/** A panel of the dashboard that shows queries; its place in units of the grid. */
export interface Panel {
	readonly title: string;
	readonly queries: readonly string[];
	readonly x: number;
	readonly y: number;
	readonly w: number;
	readonly h: number;
}

interface RuleFile {
	readonly groups: readonly {
		readonly rules: readonly {
			readonly alert?: string;
			readonly record?: string;
			readonly expr: string;
			readonly annotations?: Alert["annotations"];
		}[];
	}[];
}

interface Dashboard {
	readonly panels: readonly {
		readonly title: string;
		readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
		readonly targets?: readonly { readonly expr: string }[];
	}[];
}

export const PROMETHEUS_FOLDER = "observability/prometheus";

function rulesOf(file: string): RuleFile["groups"][number]["rules"] {
	const { groups }: RuleFile = parse(readFileSync(`${PROMETHEUS_FOLDER}/${file}`, "utf8"));
	return groups.flatMap(({ rules }) => rules);
}

export const ALERTS: readonly Alert[] = rulesOf("alerts.rules.yml").map(
	({ alert = "", expr, annotations = { summary: "", panel: "", runbook: "" } }) => ({
		name: alert,
		expr,
		annotations
	})
);

export const RECORDED: readonly Rule[] = rulesOf("recording.rules.yml").map(
	({ record = "", expr }) => ({ name: record, expr })
);

export const PANELS: readonly Panel[] = (
	JSON.parse(
		readFileSync("observability/grafana/dashboards/moleculer-sse.json", "utf8")
	) as Dashboard
).panels.flatMap(({ title, gridPos, targets }) =>
	targets === undefined
		? []
		: {
				title,
				...gridPos,
				queries: targets.map(({ expr }) => expr)
			}
);
