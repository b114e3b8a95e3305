import { describe, expect, it } from "@jest/globals";
import {
	readRevocationId,
	revocationIdIn,
	withRevocationId
} from "../../../../mixins/sse/moleculer/sender/revocation-id.ts";

const ID = "node.1.epoch.7";

describe("the id of a revocation", () => {
	it.each([
		["none", undefined, {}],
		["null", null, {}],
		["a group", "api", { groups: "api" }],
		["several groups", ["api", "admin"], { groups: ["api", "admin"] }],
		["others", { throwError: true, groups: ["api"] }, { throwError: true, groups: ["api"] }]
	])("is added to the options of the broadcast: %s", (_, options, rest) => {
		expect(withRevocationId(options, ID)).toEqual({ ...rest, meta: { $sse: { revocation: ID } } });
	});

	it("is missing if the revocation has none, whatever was sent before", () => {
		const options = { meta: { $sse: { revocation: ID } } };
		expect(revocationIdIn(withRevocationId(options, undefined).meta)).toBeUndefined();
	});

	it("leaves the caller's own metadata, and the caller's own object, as they are", () => {
		const options = { meta: { user: "alice", $sse: { revocation: "of another" } } };
		const { meta } = withRevocationId(options, ID);

		expect(meta).toEqual({ user: "alice", $sse: { revocation: ID } });
		expect(options.meta.$sse.revocation).toBe("of another");
	});

	it("is found in metadata of any shape, or not", () => {
		expect(revocationIdIn({ $sse: { revocation: ID } })).toBe(ID);
		for (const $sse of [undefined, null, 7, "text", {}, []]) {
			expect(revocationIdIn({ $sse })).toBeUndefined();
		}
	});

	it("is one of its own sender", () => {
		expect(readRevocationId(ID, "node.1")).toBe("epoch.7");
		expect(readRevocationId("caf%C3%A9%201.epoch.7", "café 1")).toBe("epoch.7");
	});

	it.each([
		["of another node, handed on with an event's metadata", ID, "node.2"],
		["nothing", undefined, "node.1"],
		["a number", 7, "node.1"],
		["an object", { id: ID }, "node.1"],
		["a text", "7", "node.1"],
		["too long a number", `node.1.epoch.${"9".repeat(30)}`, "node.1"]
	])("is invalid if it is %s", (_, given, nodeID) => {
		expect(readRevocationId(given, nodeID)).toBeUndefined();
	});
});
