import { describe, expect, it } from "@jest/globals";
import { AskedNodes } from "../../../../../mixins/sse/bus/moleculer/discovery/asked-nodes.ts";

// A node that stops loses its services first, and can no longer be asked. It was forgotten that it had been asked, and when it
// was killed nobody missed it.
describe("a node that was asked and has not answered", () => {
	it("is missed when it leaves, even if it can no longer be asked, or if all nodes were asked again meanwhile", () => {
		const asked = new AskedNodes();
		asked.wait("a");
		asked.miss("b");
		expect(asked.waited).toEqual(["a"]);
		asked.giveUp("a");
		asked.restart(() => true);
		expect([asked.isUnanswered("a"), asked.isUnanswered("b")]).toEqual([true, true]);
		expect(asked.haveAnswered).toBe(true);
	});

	it("is forgotten once it has answered or left, or is absent when all nodes are asked again", () => {
		const asked = new AskedNodes();
		for (const nodeID of ["a", "b", "c"]) asked.wait(nodeID);
		expect([asked.answer("a"), asked.left("b")]).toEqual([true, true]);
		asked.restart(nodeID => nodeID !== "c");
		for (const nodeID of ["a", "b", "c"]) expect(asked.isUnanswered(nodeID)).toBe(false);
		expect(asked.hasAnswered("a")).toBe(false);
	});
});
