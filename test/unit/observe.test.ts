import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { PROOFS, proofRows } from "../observe/proofs.ts";
import { shortened } from "../observe/shortened.ts";
import { section, tableRows } from "../support/markdown.ts";
import { ALERTS, PROMETHEUS_FOLDER } from "../support/observability.ts";

describe("the proof of the alerts", () => {
	it("has a fault for each alert", () => {
		const proven = PROOFS.flatMap(({ alerts }) => alerts);
		expect(proven.toSorted()).toEqual(ALERTS.map(({ name }) => name).toSorted());
	});

	it("plays each fault on a bus that it is made for", () => {
		for (const { bus, fault } of PROOFS) expect(fault.promised).toHaveProperty(bus);
	});

	it("is in the guide as a table, row by row", () => {
		const page = readFileSync("docs/production/monitoring.md", "utf8");
		const rows = tableRows(section(page, "What has been proven")).map(
			([fault, bus, alert = "", panel]) => [fault, bus, alert.replace(/^\[(\w+)\].*$/, "$1"), panel]
		);
		expect(rows).toEqual(proofRows());
	});

	it("looks back over seconds, with the thresholds as they are", () => {
		const rules = readFileSync(`${PROMETHEUS_FOLDER}/alerts.rules.yml`, "utf8");
		const short = shortened(rules);
		expect(short).not.toMatch(/\[\d+[mh]\]|for: \d+[mh]|offset \d+[mh]/);
		const thresholds = (text: string) => text.match(/ [<>]=? [\d.]+/g);
		expect(thresholds(short)).toEqual(thresholds(rules));
	});
});
