import { describe, expect, it } from "@jest/globals";
import { jobsOf } from "../../transporters/matrix.ts";
import { VERSIONS } from "../../transporters/releases.ts";
import { SCENARIOS } from "../../transporters/scenarios/all.ts";
import { shortJobs } from "../../transporters/short.ts";
import { TRANSPORTERS } from "../../transporters/transporters.ts";

const cellsOf = (jobs: ReturnType<typeof jobsOf>): string[] =>
	jobs.flatMap(({ transporter, version, variant, scenarios }) =>
		scenarios.map(({ name }) => [transporter, version, variant.name, name].join(", "))
	);

describe("the matrix of transporters", () => {
	it("has every scenario on every transporter and release, each cell once", () => {
		const cells = cellsOf(jobsOf());
		expect(new Set(cells).size).toBe(cells.length);
		for (const transporter of TRANSPORTERS) {
			for (const version of VERSIONS) {
				for (const { name, part } of SCENARIOS) {
					// what serializers do is the same on each
					if (part !== "payloads") expect(cells).toContain(`${transporter}, ${version}, , ${name}`);
				}
			}
		}
	});

	it("gives a part of itself by the names of transporters, releases and scenarios", () => {
		const choice = {
			names: ["amqp"],
			versions: ["0.14.36"],
			scenarios: ["outage-all"],
			plain: true
		};
		expect(cellsOf(jobsOf(choice))).toEqual([
			"amqp, 0.14.36, , outage of all, then silence",
			"amqp, 0.14.36, , outage of all, then sends"
		]);
		expect(cellsOf(jobsOf({ names: ["CBOR"] })).every(cell => cell.includes("CBOR"))).toBe(true);
	});

	it("is run in part by npm test, on the release that the project is tested with", () => {
		for (const { version } of shortJobs()) expect(version).toBe(VERSIONS[0]);
	});
});
