import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { SSE_MIXIN_OPTIONS } from "../../mixins/sse/gateway/mixin-options.ts";
import { codeBlocks, section, snippetOf } from "../support/markdown.ts";

const page = (name: string) => readFileSync(`docs/production/${name}.md`, "utf8");
const MANIFEST = readFileSync("docs/production/kubernetes.yaml", "utf8");
const RESOURCES = parseAllDocuments(MANIFEST).map(document => {
	expect(document.errors).toEqual([]);
	return document.toJS();
});
const [GATEWAY, SERVICE] = RESOURCES;

describe("the manifest for Kubernetes", () => {
	const { spec } = GATEWAY.spec.template;
	const [container] = spec.containers;

	it("is shown unchanged", () => {
		const [shown] = codeBlocks(section(page("deployment"), "Kubernetes"));
		expect(shown?.code).toBe(MANIFEST);
	});

	it("replaces gateways as far apart as the page says", () => {
		const [, seconds] = /at least (\d+) seconds between/.exec(page("deployment")) ?? [];
		expect(GATEWAY.spec.minReadySeconds).toBe(Number(seconds));
		expect(GATEWAY.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
	});

	it("gives a gateway the time that it needs to stop", () => {
		const [, wait] = container.lifecycle.preStop.exec.command;
		const drain = (SSE_MIXIN_OPTIONS.drain.default as number) / 1000;
		expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(wait) + drain + 2);
	});

	it("asks the health actions, at their URLs and at the gateway's port", () => {
		const code = `return { ${snippetOf(page("limits"), "health")} };`;
		const { settings } = new Function(code)() as {
			settings: { routes: { path: string; aliases: Record<string, string> }[] };
		};
		const urls = settings.routes.flatMap(({ path, aliases }) =>
			Object.entries(aliases).map(([alias, action]) => [
				action,
				path + alias.replace("GET ", "").replace(/^\/$/, "")
			])
		);
		const { readinessProbe, livenessProbe } = container;
		expect(urls).toEqual([
			["$sse.ready", readinessProbe.httpGet.path],
			["$sse.live", livenessProbe.httpGet.path]
		]);
		expect(container.ports).toEqual([{ name: readinessProbe.httpGet.port, containerPort: 3000 }]);
		expect(SERVICE.spec.ports[0].targetPort).toBe(readinessProbe.httpGet.port);
	});

	it("selects the pods that it creates", () => {
		expect(SERVICE.spec.selector).toEqual(GATEWAY.spec.template.metadata.labels);
		for (const { kind, spec } of RESOURCES.filter(({ kind }) => kind === "Deployment"))
			expect([kind, spec.selector.matchLabels]).toEqual([kind, spec.template.metadata.labels]);
	});

	it("runs the services of getting started, by their files", () => {
		const started = readFileSync("docs/guide/getting-started.md", "utf8");
		const files = codeBlocks(started).map(({ path }) => path);
		const args = RESOURCES.flatMap(({ spec }) => spec.template?.spec.containers ?? []).flatMap(
			({ args }: { args: string[] }) => args.filter(arg => arg.endsWith(".js"))
		);
		expect(args.length).toBe(4);
		expect(files).toEqual(expect.arrayContaining(args));
	});
});
