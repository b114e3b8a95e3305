import { globSync, readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { OWN_NAMES } from "../../../scripts/client-names.ts";

const read = (file: string) => readFileSync(`client/${file}.ts`, "utf8");
/** The properties of all types in a text. */
const propertiesIn = (types: string) =>
	[...types.matchAll(/(?<=[\t{;] ?(?:readonly |get )?)\w+(?=\??[:(<])/g)].map(([name]) => name);

it("of the client that the build shortens are nobody else's", () => {
	const others = [
		...propertiesIn(read("messages")),
		...propertiesIn(read("open-event")),
		...propertiesIn(read("scope").split("export function attempt")[0] as string),
		// what applications use
		...propertiesIn(read("connect").split("export function connectIn")[0] as string),
		...propertiesIn(read("handlers").split("type Handler")[0] as string)
	];
	for (const name of [
		"hello",
		"connecting",
		"texts",
		"issued",
		"postMessage",
		"onReset",
		"hiddenFor",
		"id"
	])
		expect(others).toContain(name);

	expect(others.filter(name => OWN_NAMES.includes(name))).toEqual([]);
	expect(new Set(OWN_NAMES).size).toBe(OWN_NAMES.length);
});

// The build shortened the methods `deposed` and `unable`, but not the texts by which they were called: a leader whose lock was
// stolen went on leading, and a page without locks waited in vain, in `dist/client.js` alone.
it("of the client are reached by no text, which the build would not shorten", () => {
	const byText = /(?:\b[a-z]\w*|\))(?:\?\.)?\[[^\]\n]*["`][^\n]*/g;
	expect('host[release ? "deposed" : "unable"]()').toMatch(byText);

	const code = globSync("client/*.ts")
		.map(file => readFileSync(file, "utf8"))
		.join("\n");
	expect(code).toContain("deposed");
	expect(code.match(byText)).toBeNull();
});
