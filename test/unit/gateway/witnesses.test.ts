import { describe, expect, it } from "@jest/globals";
import type { GoneSender } from "../../../mixins/sse/core/report.ts";
import { Witnesses } from "../../../mixins/sse/gateway/witnesses.ts";

const gone = (instance: string, nodeID = "job"): GoneSender => ({ nodeID, instance, ago: 1000 });

// A job that was started, sent and ended while a gateway was cut off was never met there, and nobody was told.
describe("what other nodes tell of who has come and gone", () => {
	it("is news if that process was never met here, and once", () => {
		const witnesses = new Witnesses();
		witnesses.meet("job", "met");
		expect(witnesses.unmetOf([gone("met"), gone("unmet")])).toEqual([gone("unmet")]);
		expect(witnesses.unmetOf([gone("met"), gone("unmet")])).toEqual([]);
		expect(witnesses.unmetOf([gone("met", "other")])).toEqual([gone("met", "other")]);
	});

	it("is waited for after an absence, and not for ever", () => {
		const witnesses = new Witnesses();
		witnesses.answer();
		witnesses.wasAway(0);
		expect(witnesses.areHeard).toBe(false);
		witnesses.answer();
		expect(witnesses.areHeard).toBe(true);

		witnesses.wasAway(100_000);
		expect(witnesses.giveUp(129_999)).toBe(false);
		expect(witnesses.areHeard).toBe(false);
		// it was away all the time
		witnesses.wasAway(140_000);
		expect(witnesses.giveUp(169_999)).toBe(false);
		expect(witnesses.giveUp(170_000)).toBe(true);
		expect(witnesses.areHeard).toBe(true);
		expect(witnesses.giveUp(300_000)).toBe(false);
	});

	it("is not waited for where there never was another sender", () => {
		const witnesses = new Witnesses();
		witnesses.wasAway(0);
		expect(witnesses.areHeard).toBe(true);
		expect(witnesses.giveUp(100_000)).toBe(false);
	});

	it("is remembered of a bounded number", () => {
		const witnesses = new Witnesses();
		for (let n = 0; n < 20_000; n++) witnesses.meet("job", `i${n}`);
		expect(witnesses.unmetOf([gone("i0"), gone("i19999")])).toEqual([gone("i0")]);
	});

	// After ten thousand scripts, a service that had been there from the beginning was taken for one that was never met when it
	// stopped: everybody was told.
	it("is no news of one that was there all the time, however many came and went", () => {
		const witnesses = new Witnesses();
		witnesses.meet("orders", "met");
		for (let n = 0; n < 20_000; n++) witnesses.meet("job", `i${n}`);
		expect(witnesses.hasMet("orders", "met")).toBe(true);
		witnesses.left("orders");
		expect(witnesses.unmetOf([gone("met", "orders")])).toEqual([]);
	});
});
