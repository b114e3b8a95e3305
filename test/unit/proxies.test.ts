import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { configuration, FOLDER } from "../proxies/configuration.ts";
import { DEV_SERVERS } from "../proxies/dev-servers.ts";
import { isSound, markdownTable, type Result, table } from "../proxies/report.ts";
import { sum } from "../proxies/scenario.ts";
import { SERVERS } from "../proxies/servers.ts";
import { codeBlocks, section } from "../support/markdown.ts";

const FILES = readdirSync(FOLDER);
const PAGE = readFileSync("docs/proxies.md", "utf8");
const DEPLOYMENT = readFileSync("docs/production/deployment.md", "utf8");

describe("the configurations of proxies", () => {
	it("are shown in docs/proxies.md as they are, all of them and nothing else", () => {
		const shown = codeBlocks(PAGE).map(({ code }) => code);
		const files = FILES.map(name => readFileSync(FOLDER + name, "utf8"));
		expect(shown.toSorted()).toEqual(files.toSorted());
	});

	it("are all run by `npm run test:proxies`", () => {
		const run = [...SERVERS, ...DEV_SERVERS].flatMap(({ files }) => files);
		expect([...new Set(run)].toSorted()).toEqual(FILES.toSorted());
	});

	it("name the nginx of the deployment among them", () => {
		const [nginx] = codeBlocks(section(DEPLOYMENT, "Behind a load balancer")).filter(
			({ language }) => language === "nginx"
		);
		expect(nginx?.code).toBe(readFileSync(`${FOLDER}nginx.conf`, "utf8"));
	});

	it.each(FILES)("%s is run with other addresses, and keeps none of its own", name => {
		const gateways = [
			{ host: "127.0.0.1", port: 12_345 },
			{ host: "127.0.0.1", port: 23_456 }
		];
		const text = configuration(name, { port: 34_567, gateways, folder: "/tmp/x" });
		expect(text).not.toMatch(/(?<!retry: )\b3000\b|\b8080\b|localhost|\/etc\/|\/var\/|\/usr\//);
	});
});

describe("the result for a proxy", () => {
	const SOUND: Result = {
		name: "proxy",
		version: "1.2",
		findings: {
			latency: { median: 2, slowest: 9 },
			recovery: { "one stopped": 0.5, "one killed": 1, "all killed": 3.25 },
			...{ lost: 0, doubled: 0, disordered: 0, resets: 0 },
			alive: 4,
			noticed: 0.04
		}
	};

	it("is sound only if everything continues, and nothing is lost, repeated, reset or left behind", () => {
		const found = SOUND.findings as Exclude<Result["findings"], string>;
		const dead = { ...found.recovery, "all killed": null };
		expect(isSound(SOUND)).toBe(true);
		for (const wrong of [
			...(["lost", "doubled", "disordered", "resets"] as const).map(name => ({ [name]: 1 })),
			...[{ alive: 3 }, { noticed: null }, { recovery: dead }]
		]) {
			expect(isSound({ ...SOUND, findings: { ...found, ...wrong } })).toBe(false);
		}
		expect(isSound({ ...SOUND, findings: "it did not start" })).toBe(false);
	});

	it("is a row of a table", () => {
		const cells = [
			"proxy 1.2",
			"2 (9)",
			"0.5 s",
			"1.0 s",
			"3.3 s",
			"0",
			"0",
			"0",
			"0",
			"4 of 4",
			"0.0 s"
		];
		expect(markdownTable([SOUND]).split("\n").at(-1)).toBe(`| ${cells.join(" | ")} |`);
		expect(table([SOUND]).split("\n").at(-1)?.split(/ {2,}/)).toEqual(cells);
	});

	it("counts what each EventSource did not get, got twice, and got too early", () => {
		const nothing = { lost: 0, doubled: 0, disordered: 0 };
		expect(
			sum(
				[
					[3, 4, 5],
					[0, 1, 2, 3, 4, 5]
				],
				6
			)
		).toEqual(nothing);
		expect(sum([[3, 5]], 6)).toEqual({ ...nothing, lost: 1 });
		expect(sum([[]], 6)).toEqual({ ...nothing, lost: 6 });
		expect(sum([[3, 4, 4, 5]], 6)).toEqual({ ...nothing, doubled: 1 });
		expect(
			sum(
				[
					[3, 5, 4],
					[4, 5]
				],
				6
			)
		).toEqual({ ...nothing, disordered: 1 });
	});
});
