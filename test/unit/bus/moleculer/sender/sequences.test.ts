import { describe, expect, it } from "@jest/globals";
import { Sequences } from "../../../../../mixins/sse/bus/moleculer/sender/sequences.ts";

describe("the sequences of a node", () => {
	it("are limited to 64 sets of groups, beyond which the existing ones go on", () => {
		const sequences = new Sequences("node-1", "abcdefgh");
		const first = sequences.of(["group-0", "api"]);
		for (let n = 1; n < 64; n++) expect(sequences.of([`group-${n}`])).toBeDefined();

		expect(sequences.of(["one more"])).toBeUndefined();
		expect(sequences.of(["api", "group-0", "api"])).toBe(first);
		expect(sequences.of(undefined)?.ids.next()).toBe("node-1.abcdefgh.1");
	});

	it("know what they count", () => {
		const events = new Sequences("node-1", "abcdefgh");
		const revocations = new Sequences("node-1", "ijklmnop", "close");
		for (const sequences of [events, revocations]) sequences.of(["api"]);
		expect([...events].map(({ of }) => of)).toEqual([undefined, undefined]);
		expect([...revocations].map(({ of }) => of)).toEqual(["close", "close"]);
	});
});
