import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { checkNode, OLDEST_NODE } from "../../../mixins/sse/moleculer/check-node.ts";

// On Node 20 streams opened and events came; only the stop failed, and a test run never ended.
describe("the release of Node.js", () => {
	it.each(["20.19.5", "21.7.3", "22.0.0", "22.11.9"])("is too old if it is %s", version => {
		const text = `moleculer-sse needs Node.js 22.12 or newer, and this is ${version}`;
		expect(() => checkNode(version)).toThrow(text);
	});

	it.each(["22.12.0", "22.21.1", "23.0.0", "24.11.1", "100.0.0"])(
		"is new enough if it is %s",
		version => {
			expect(() => checkNode(version)).not.toThrow();
		}
	);

	it("is the one that package.json asks for", () => {
		const { engines } = JSON.parse(readFileSync("package.json", "utf8"));
		expect(engines.node).toBe(`>=${OLDEST_NODE}`);
	});
});
