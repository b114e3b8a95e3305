import { readFileSync } from "node:fs";
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
		"type",
		"opened",
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
