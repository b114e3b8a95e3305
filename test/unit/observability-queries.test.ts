import { describe, expect, it } from "@jest/globals";
import { parser } from "@prometheus-io/lezer-promql";
import { ALERTS, PANELS, RECORDED } from "../support/observability.ts";

/** Texts that are no PromQL where they stand. */
function mistakes(expr: string): string[] {
	// as Grafana fills in what it knows
	const text = expr.replaceAll("$node", ".*").replaceAll("$__rate_interval", "1m");
	const found: string[] = [];
	parser.parse(text).iterate({
		enter({ type, from, to }) {
			if (type.isError) found.push(`${from}: ${text.slice(from, to) || text.slice(from)}`);
		}
	});
	return found;
}

describe("PromQL", () => {
	const rules = [...ALERTS, ...RECORDED].map(({ name, expr }) => [name, expr] as const);
	const queries = PANELS.flatMap(panel => panel.queries.map(expr => [panel.title, expr] as const));

	it.each([...rules, ...queries])("of %s parses", (_, expr) => {
		expect(mistakes(expr)).toEqual([]);
	});

	it("that is wrong is seen to be", () => {
		const wrong = ["sum by (node rate(x[5m]))", "rate(x[5m]", "x{a=b}", "x >"];
		for (const expr of wrong) expect(mistakes(expr)).not.toEqual([]);
	});
});
