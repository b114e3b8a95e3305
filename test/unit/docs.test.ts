import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { ERROR_STATUS } from "../../mixins/sse/core/errors/error-types.ts";
import { SSE_MIDDLEWARE_OPTIONS } from "../../mixins/sse/core/options/middleware-options.ts";
import type { AnySpec } from "../../mixins/sse/core/options/option-spec.ts";
import { RABBITMQ_OPTIONS } from "../../mixins/sse/core/options/rabbitmq-options.ts";
import { SSE_MIXIN_OPTIONS } from "../../mixins/sse/gateway/mixin-options.ts";
import { checkOptions } from "../../mixins/sse/moleculer/check-options.ts";
import manifest from "../../package.json" with { type: "json" };
import { anchorOf } from "../../scripts/anchor.ts";
import { optionDocs } from "../../scripts/option-docs.ts";
import { COMMAND, commonJsExample, FIRST_EXAMPLE } from "../package/readme.ts";
import { codeBlocks, type Link, links, prose, section, tableRows } from "../support/markdown.ts";

/** Every document by its path. */
const DOCS = new Map(
	globSync(["*.md", "docs/**/*.md", "services/**/*.md"]).map(
		path => [path, readFileSync(path, "utf8")] as const
	)
);
const README = DOCS.get("README.md") ?? "";
const page = (path: string) => DOCS.get(`docs/${path}.md`) ?? "";

/** Not just a value in backticks: functions have no default that could be written down. */
const PROSE = /^(?!`[^`]*`$).*[a-z]/;

describe("README", () => {
	it("opens with the essentials: what it is, how to install it, and the first example", () => {
		const [first] = codeBlocks(README);
		expect(first?.code).toBe("npm install moleculer-sse moleculer moleculer-web\n");
		expect(README.indexOf("```")).toBeLessThan(README.indexOf("\n## "));
		expect(/^## (.+)$/m.exec(README)?.[1]).toBe("First example");
	});

	it("has the two commands for a clone: run it, test it", () => {
		const [commands] = codeBlocks(section(README, "The demo and the tests"));
		expect(commands?.code.replace(/ +#.*$/gm, "")).toBe(
			"npm ci && npm start\nnpm ci && npm test\n"
		);
	});

	it("has a first example of a gateway, a sender and a page in under 30 lines", () => {
		const files = codeBlocks(section(README, "First example")).filter(({ path }) => path);
		expect(files.map(({ path }) => path)).toEqual([
			"moleculer.config.js",
			"services/api.service.js",
			"services/orders.service.js",
			"public/index.html"
		]);
		const lines = files.flatMap(({ code }) => code.split("\n").filter(line => line.trim()));
		expect(lines.length).toBeLessThan(30);
	});

	it("fits three screens", () => {
		expect(README.split("\n").length).toBeLessThan(190);
	});

	it("names the Node.js that package.json asks for", () => {
		expect(README).toContain(`Node.js ≥ ${manifest.engines.node.replace(">=", "")}`);
	});
});

describe("the ways into the documentation", () => {
	const pages = [...DOCS.keys()].filter(path => path.startsWith("docs/"));

	it.each([
		["README.md", README],
		["llms.txt", readFileSync("llms.txt", "utf8")]
	])("%s leads to every page", (_, text) => {
		const targets = links(text).map(({ path }) => path);
		expect(pages.filter(path => !targets.includes(path))).toEqual([]);
		expect(links(text).filter(link => !isAlive(link, "README.md"))).toEqual([]);
	});
});

describe("the guide", () => {
	it("has README's first example, in CommonJS too", () => {
		const [start, rest] = halves(page("guide/getting-started"), "## CommonJS");
		const [common] = halves(rest, "## TypeScript");
		const written = (text: string) =>
			codeBlocks(text).flatMap(({ path, code }) => (path === undefined ? [] : [[path, code]]));
		expect(Object.fromEntries(written(start))).toEqual(FIRST_EXAMPLE);
		const { "public/index.html": _, ...scripts } = commonJsExample();
		expect(Object.fromEntries(written(common))).toEqual(scripts);
	});

	it("starts the first example like README", () => {
		const commands = codeBlocks(page("guide/getting-started")).map(({ code }) => code);
		expect(commands).toContain(`npx ${COMMAND}\n`);
	});

	// A page that got one had to look up its meaning in the protocol.
	it("explains each reason of sse.reset and sse.close that the protocol has", () => {
		const protocol = DOCS.get("docs/protocol.md") ?? "";
		const [, resets = ""] = protocol.split(/^8\.4\. /m);
		const [, closes = ""] = /^4\.4\. .*?Reasons: (.*?)^4\.4\.1\. /ms.exec(protocol) ?? [];
		const [reset = "", close = ""] = section(
			page("guide/eventsource"),
			"Why a stream is reset or closed"
		)
			.split(/^After `sse\.close`/m)
			.map(table =>
				tableRows(table)
					.map(([reason = ""]) => reason)
					.join()
			);

		expect(reset).toBe(
			tableRows(resets)
				.map(([reason]) => reason)
				.join()
		);
		const known = ["timeout", "drain", "limit", "unavailable", "expired", "revoked"];
		for (const reason of known) {
			expect(closes).toContain(`\`${reason}\``);
			expect(close).toContain(`\`${reason}\``);
		}
	});
});

const FACTORIES: [
	name: string,
	Readonly<Record<string, AnySpec>>,
	check: (given: object) => object
][] = [
	["SseMixin", SSE_MIXIN_OPTIONS, given => checkOptions("", SSE_MIXIN_OPTIONS, given)],
	[
		"SseMiddleware",
		SSE_MIDDLEWARE_OPTIONS,
		given => checkOptions("", SSE_MIDDLEWARE_OPTIONS, given)
	],
	["stream", RABBITMQ_OPTIONS, given => checkOptions("", RABBITMQ_OPTIONS, given)]
];

describe.each(FACTORIES)("the options of %s", (factory, specs, check) => {
	const body = section(page("reference/options"), factory);
	const [, table = ""] = body.split(`<!-- options: ${factory} -->`);
	const rows = new Map(
		tableRows(table).map(([name = "", fallback = "", off = ""]) => [
			unquote(name),
			{ fallback, off }
		])
	);

	it("are in the table, all of them and nothing else", () => {
		expect(body).toContain(`<!-- options: ${factory} -->`);
		expect([...rows.keys()]).toEqual(Object.keys(specs));
	});

	for (const [name, spec] of Object.entries(specs)) {
		const { fallback = "", off = "" } = rows.get(name) ?? {};

		it(`${name}: has its default in the table`, () => {
			if (spec.default === undefined) expect(fallback).toMatch(PROSE);
			else expect(JSON.parse(unquote(fallback))).toEqual(spec.default);
		});

		if (off) {
			it(`${name}: takes the value that turns it off`, () => {
				const value = JSON.parse(unquote(off));
				expect(check({ [name]: value })).toMatchObject({ [name]: value });
			});
		}
	}
});

// the tables, and the docstrings that an editor shows
describe("the documentation of options", () => {
	it.each([...optionDocs()])(
		"%s: is what the specs say; if not, run npm run docs:options",
		(_, { now, right }) => {
			expect(now).toBe(right);
		}
	);
});

describe("metrics", () => {
	const known = new Set(page("reference/metrics").match(/\bmoleculer\.sse(?:\.[a-z]+)+/g));

	it.each([...DOCS])("%s names none that does not exist", (_, text) => {
		const named = text.match(/\bmoleculer([._])sse(?:\1[a-z]+)+/g) ?? [];
		const plain = named.map(name =>
			name.replaceAll("_", ".").replace(/\.(?:bucket|sum|count)$/, "")
		);
		expect(plain.filter(name => !known.has(name))).toEqual([]);
	});
});

describe("the reference of events", () => {
	it("has every event of the code, and nothing else", () => {
		const others = ["sse.paths", "sse.life", "sse.deliver"]; // metadata, and a span
		const code = globSync("mixins/**/*.ts").map(path => readFileSync(path, "utf8"));
		const names = code.flatMap(text => text.match(/(?<=")sse\.[a-z]+(?=")/g) ?? []);
		const rows = ["From services", "On a stream", "Between nodes"].flatMap(heading =>
			tableRows(section(page("reference/events"), heading))
		);
		expect(new Set(rows.map(([name = ""]) => unquote(name)))).toEqual(
			new Set(names.filter(name => !others.includes(name)))
		);
	});
});

describe("error types", () => {
	const known = Object.entries(ERROR_STATUS);

	// what the changelog mentions may be gone
	it.each([...DOCS].filter(([path]) => path !== "CHANGELOG.md"))(
		"%s mentions none that does not exist",
		(_, text) => {
			const mentioned = text.match(/\bSSE_[A-Z_]+/g) ?? [];
			expect(Object.keys(ERROR_STATUS)).toEqual(expect.arrayContaining(mentioned));
		}
	);

	it("are in the table of errors with their statuses, all of them and nothing else", () => {
		const rows = tableRows(section(page("reference/errors"), "Error types"));
		expect(rows.map(([type = "", status]) => [unquote(type), Number(status)])).toEqual(known);
	});

	it("have the statuses that the protocol lists", () => {
		const protocol = DOCS.get("docs/protocol.md") ?? "";
		const said = [
			...[...protocol.matchAll(/\| (\d{3}) \| `(SSE_\w+)`/g)].map(([, status, type]) => [
				type,
				status
			]),
			...[...protocol.matchAll(/`(SSE_\w+)`, (\d{3})\b/g)].map(([, type, status]) => [type, status])
		];
		expect(said.length).toBeGreaterThan(0);
		expect(Object.fromEntries(known)).toMatchObject(
			Object.fromEntries(said.map(([type, status]) => [type, Number(status)]))
		);
	});
});

describe.each([
	["11. Tests of ids, resume and reset", /^([789](?:\.\d+)+)\. /gm],
	["13. Tests of the client", /^(12(?:\.\d+)+)\. /gm]
])("the protocol's table: %s", (heading, ofSections) => {
	const protocol = DOCS.get("docs/protocol.md") ?? "";
	const rows = tableRows(section(protocol, heading));

	it("has every clause of its sections, and no other", () => {
		const clauses = [...protocol.matchAll(ofSections)].map(([, clause]) => clause);
		expect(new Set(rows.map(([clause]) => clause))).toEqual(new Set(clauses));
	});

	it.each(rows)("%s: %s: %s", (_, file = "", test = "") => {
		const source = readFileSync(`test/${unquote(file)}`, "utf8");
		// in the source, a backtick or a quote may have to be escaped
		expect(source.replaceAll("\\", "")).toContain(`"${test}"`);
	});
});

describe.each([...DOCS])("%s", (path, text) => {
	it("has no dead link", () => {
		expect(links(text).filter(link => !isAlive(link, path))).toEqual([]);
	});

	it("names no npm script that does not exist", () => {
		const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
		expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named));
	});
});

function isAlive({ path: file, anchor }: Link, from: string): boolean {
	const path = file === "" ? from : normalize(join(dirname(from), file));
	if (!existsSync(path)) return false;
	return anchor === undefined || anchors(DOCS.get(path) ?? "").includes(anchor);
}

/** The anchors of a document. */
function anchors(text: string): string[] {
	const taken = new Map<string, number>();
	return [...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => {
		const slug = anchorOf(heading.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1"));
		const times = taken.get(slug) ?? 0;
		taken.set(slug, times + 1);
		return times === 0 ? slug : `${slug}-${times}`;
	});
}

/** The text before a mark, and after it. */
function halves(text: string, mark: string): [before: string, after: string] {
	const [before = "", after = ""] = text.split(mark);
	return [before, after];
}

function unquote(code: string): string {
	return code.replace(/^`(.*)`$/, "$1");
}
