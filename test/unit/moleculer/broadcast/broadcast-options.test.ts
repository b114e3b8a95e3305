import { describe, expect, it } from "@jest/globals";
import {
	groupsOf,
	readOptions
} from "../../../../mixins/sse/moleculer/broadcast/broadcast-options.ts";

describe("the options of a broadcast", () => {
	it.each([
		[undefined, undefined],
		[null, undefined],
		[{}, undefined],
		["", undefined],
		[{ groups: "" }, undefined],
		[{ groups: null }, undefined],
		["api", ["api"]],
		[
			["api", "admin"],
			["api", "admin"]
		],
		[{ groups: "api" }, ["api"]],
		[{ groups: ["api"], meta: {} }, ["api"]]
	])("name the groups that an event is for: %j", (given, groups) => {
		expect(groupsOf(given)).toEqual(groups);
	});

	it("are read as they were given, or are only the groups", () => {
		const options = { meta: { user: 1 }, throwError: true };
		expect(readOptions(options)).toBe(options);
		expect(readOptions("api")).toEqual({ groups: "api" });
		expect(readOptions(7)).toEqual({});
	});
});
