import { describe, expect, it } from "@jest/globals";
import { Witnesses } from "../../../../../mixins/sse/bus/moleculer/discovery/witnesses.ts";
import type { GoneSender } from "../../../../../mixins/sse/bus/moleculer/position-report.ts";

const HALF_A_MINUTE = 30_000;
const now = 100_000;

const gone = (instance: string, nodeID = "job", ago = 1000): GoneSender => ({
	nodeID,
	instance,
	ago
});

// A job that was started, sent and ended while a gateway was cut off was never met there, and nobody was told.
describe("what other nodes tell of who has come and gone", () => {
	it("is news if that process was never met here, and once", () => {
		const witnesses = new Witnesses();
		witnesses.meet("job", "met", now);
		expect(witnesses.newsOf([gone("met"), gone("unmet")], now)).toEqual([gone("unmet")]);
		expect(witnesses.newsOf([gone("met"), gone("unmet")], now)).toEqual([]);
		expect(witnesses.newsOf([gone("met", "other")], now)).toEqual([gone("met", "other")]);
	});

	// A sender that was cut off from one gateway alone was told there as over; what it sent to others from then on, until it died,
	// was told to nobody.
	it("is news of one that has lived on for others for half a minute longer than here", () => {
		const witnesses = new Witnesses();
		const goneAt = (at: number) => witnesses.newsOf([gone("met", "job", now - at)], now).length;
		witnesses.meet("job", "met", 0);
		witnesses.left("job", 1000);
		expect(goneAt(1000 + HALF_A_MINUTE)).toBe(0);
		witnesses.account("job", "met", 50_000);
		expect(goneAt(50_000)).toBe(0);
		expect(goneAt(50_001)).toBe(1);
		// others miss it later
		expect(goneAt(50_001 + HALF_A_MINUTE)).toBe(0);
		expect(goneAt(50_002 + HALF_A_MINUTE)).toBe(1);
	});

	it("is no news of one that has said that it ends, unless it was there again afterwards", () => {
		const witnesses = new Witnesses();
		witnesses.meet("job", "met", 0);
		witnesses.end("job", "met");
		witnesses.left("job", 0);
		expect(witnesses.newsOf([gone("met")], now)).toEqual([]);
		witnesses.meet("job", "met", 0);
		witnesses.left("job", 0);
		expect(witnesses.newsOf([gone("met")], now)).toEqual([gone("met")]);
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
		for (let n = 0; n < 20_000; n++) witnesses.meet("job", `i${n}`, now);
		expect(witnesses.newsOf([gone("i0"), gone("i19999")], now)).toEqual([gone("i0")]);
	});

	// After ten thousand scripts, a service that had been there from the beginning was taken for one that was never met when it
	// stopped: everybody was told.
	it("is no news of one that was there all the time, however many came and went", () => {
		const witnesses = new Witnesses();
		witnesses.meet("orders", "met", now);
		for (let n = 0; n < 20_000; n++) witnesses.meet("job", `i${n}`, now);
		expect(witnesses.hasMet("orders", "met")).toBe(true);
		witnesses.left("orders", now);
		expect(witnesses.newsOf([gone("met", "orders")], now)).toEqual([]);
	});
});
