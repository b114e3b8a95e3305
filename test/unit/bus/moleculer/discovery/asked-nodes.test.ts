import { describe, expect, it } from "@jest/globals";
import { AskedNodes } from "../../../../../mixins/sse/bus/moleculer/discovery/asked-nodes.ts";

// A node that stops is first without services, and cannot be asked any more: it was forgotten that it had been, and it was missed
// by nobody when it was killed.
describe("a node that was asked and has not answered", () => {
	it("is missed when it goes, though it cannot be asked any more, or all were asked anew meanwhile", () => {
		const asked = new AskedNodes();
		asked.wait("a");
		asked.miss("b");
		expect(asked.waited).toEqual(["a"]);
		asked.giveUp("a");
		asked.restart(() => true);
		expect([asked.isUnanswered("a"), asked.isUnanswered("b")]).toEqual([true, true]);
		expect(asked.haveAnswered).toBe(true);
	});

	it("is forgotten once it has answered or gone, or is not there when all are asked anew", () => {
		const asked = new AskedNodes();
		for (const nodeID of ["a", "b", "c"]) asked.wait(nodeID);
		expect([asked.answer("a"), asked.left("b")]).toEqual([true, true]);
		asked.restart(nodeID => nodeID !== "c");
		for (const nodeID of ["a", "b", "c"]) expect(asked.isUnanswered(nodeID)).toBe(false);
		expect(asked.hasAnswered("a")).toBe(false);
	});
});
