import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { UnsentWrites } from "../../../mixins/sse/streams/unsent-writes.ts";

describe("the unsent writes", () => {
	it("know their first event until they report that they have left", () => {
		const writes = new UnsentWrites(3);
		expect(writes.first).toBe(3);
		writes.wroteTelling(5);
		writes.wroteTelling(0);
		writes.wroteTelling(9);
		expect(writes.first).toBe(3);
		// The write after the first reports when both have left.
		writes.told();
		expect(writes.first).toBe(9);
		writes.told();
		expect(writes.first).toBe(9);
		writes.told();
		expect(writes.first).toBe(0);
	});

	it("are right when a write reports late", () => {
		const writes = new UnsentWrites(0);
		writes.wroteTelling(5);
		// Everything has left by then, and the first has not reported it yet.
		writes.wroteFirst(7);
		writes.wroteTelling(8);
		expect(writes.first).toBe(7);
		writes.told();
		expect(writes.first).toBe(7);
		writes.told();
		expect(writes.first).toBe(0);
	});

	// The model is a list of all writes, from which those that have left are removed.
	it("agree with a list of all writes", () => {
		const action = fc.constantFrom("write", "leave", "tell", "leaveAll");
		fc.assert(
			fc.property(fc.array(action, { maxLength: 60 }), actions => {
				const writes = new UnsentWrites(0);
				const unsent: { first: number; tells: boolean }[] = [];
				let late = 0;
				let position = 1;
				const leave = (): void => {
					// The first leaves unnoticed, together with or before one that reports.
					while (unsent.length > 0) if (unsent.shift()?.tells) return void late++;
				};
				for (const what of actions) {
					if (what === "leave") leave();
					if (what === "leaveAll") while (unsent.length > 0) leave();
					if (what === "tell" && late > 0) {
						late--;
						writes.told();
					}
					if (what !== "write") continue;
					const first = position++;
					const tells = unsent.length > 0;
					unsent.push({ first, tells });
					if (tells) writes.wroteTelling(first);
					else writes.wroteFirst(first);
				}
				while (late-- > 0) writes.told();
				if (unsent.length > 0) expect(writes.first).toBe(unsent[0]?.first);
			})
		);
	});
});
