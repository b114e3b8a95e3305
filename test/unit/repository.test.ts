import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };

const yaml = (path: string) => parse(readFileSync(path, "utf8"));
const CI = yaml(".github/workflows/ci.yml");
const RELEASE = yaml(".github/workflows/release.yml");

interface Job {
	readonly steps: readonly { readonly run?: string }[];
}
const commands = ({ steps }: Job) => steps.flatMap(({ run }) => run ?? []);

describe("the workflow of CI", () => {
	it("does what .ci/run does, on each line of Node.js that is supported", () => {
		const { ci } = CI.jobs;
		const [, oldest] = /^>=(\d+)\./.exec(manifest.engines.node) ?? [];
		expect(ci.strategy.matrix.node[0]).toBe(Number(oldest));
		expect(ci.container.image).toContain("matrix.node");
		expect(commands(ci)).toEqual([".ci/run"]);
	});

	it("runs no npm script that does not exist", () => {
		const jobs = [...Object.values<Job>(CI.jobs), ...Object.values<Job>(RELEASE.jobs)];
		const scripts = jobs
			.flatMap(commands)
			.flatMap(command => [...command.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name));
		expect(scripts.length).toBeGreaterThan(2);
		expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(scripts));
	});

	it("may write nothing", () => {
		expect(CI.permissions).toEqual({ contents: "read" });
	});
});

describe("a release", () => {
	it("is published as the checklist says, with provenance", () => {
		const publish = commands(RELEASE.jobs.publish).at(-1);
		expect(publish).toContain("--provenance");
		expect(readFileSync("CONTRIBUTING.md", "utf8")).toContain(`\`${publish}\``);
		expect(RELEASE.permissions["id-token"]).toBe("write");
	});
});

describe("a template", () => {
	const templates = globSync(".github/ISSUE_TEMPLATE/*.yml").filter(
		path => !path.endsWith("config.yml")
	);

	it.each(templates)("%s has a name, a description and something to fill in", path => {
		const { name, description, body } = yaml(path);
		expect(name).toMatch(/^[A-Z]/);
		expect(description).toMatch(/^[A-Z]/);
		expect(body.some(({ type }: { type: string }) => type === "textarea")).toBe(true);
	});
});
