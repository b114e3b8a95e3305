import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { OPENING_STEPS } from "../../mixins/sse/gateway/opening/opening-steps.ts";
import { section, tableRows } from "../support/markdown.ts";

const read = (name: string) => readFileSync(`docs/explanation/${name}.md`, "utf8");
const ARCHITECTURE = read("architecture");
const GLOSSARY = read("glossary");

/** Everything in a document that is written as a path: code files, and folders. */
function pathsIn(text: string): string[] {
	const files = text.match(/[\w./-]*\w\.ts\b/g) ?? [];
	const folders = text.match(/(?<=[`\s])[\w-]+(?:\/[\w-]+)*\/(?=[`\s])/g) ?? [];
	return [...new Set([...files, ...folders])];
}

describe.each([
	["architecture", ARCHITECTURE],
	["glossary", GLOSSARY]
])("the %s", (_, text) => {
	const paths = pathsIn(text);

	it("names paths", () => {
		expect(paths.length).toBeGreaterThan(20);
	});

	it.each(paths)("is right that %s exists", path => {
		expect(existsSync(`mixins/sse/${path}`)).toBe(true);
	});
});

describe("the architecture", () => {
	it("has every folder in its table, and no other", () => {
		const rows = tableRows(section(ARCHITECTURE, "The folders")).map(([folder = ""]) => folder);
		const named = new Set(rows.map(folder => folder.replaceAll(/`|\/$|\/`$/g, "")));
		// a folder that holds only folders is described by these
		const folders = globSync("mixins/sse/*/**/*.ts")
			.map(file => /^mixins\/sse\/(.+)\/[^/]+$/.exec(file)?.[1] as string)
			.filter(folder => folder.includes("/") || folder === "streams");
		expect(named).toEqual(new Set(folders));
	});

	it("has the steps of an opening in their order", () => {
		const rows = tableRows(section(ARCHITECTURE, "The steps of an opening"));
		expect(rows.map(([step]) => step)).toEqual(OPENING_STEPS.map(({ name }) => `\`${name}\``));
	});

	it("has every layer in its picture, below those that may import it", () => {
		const picture = /```text\n(.*?)```/s.exec(ARCHITECTURE)?.[1] ?? "";
		const layers = ["inspection/", "gateway/", "streams/", "http/", "core/"];
		const others = ["gateway/", "bus/ ", "bus/rabbitmq/", "moleculer/   ", "core/"];
		for (const order of [layers, others]) {
			const places = order.map(layer => picture.indexOf(` ${layer}`));
			expect(places).not.toContain(-1);
			expect(places).toEqual([...places].sort((a, b) => a - b));
		}
	});
});

describe("the glossary", () => {
	const rows = GLOSSARY.split(/^## /m).flatMap(tableRows);

	it("has each word once, with a sentence", () => {
		const words = rows.map(([word]) => word);
		expect(words).toEqual([...new Set(words)]);
		for (const [, meaning] of rows) expect(meaning).toMatch(/^[A-Z].*\.$/);
	});

	it("has the words that are easily confused", () => {
		const words = rows.map(([word]) => word);
		const pairs = ["stream", "RabbitMQ stream", "session", "HTTP/2 session", "node", "instance"];
		expect(words).toEqual(expect.arrayContaining([...pairs, "gateway", "sender", "receiver"]));
	});
});
