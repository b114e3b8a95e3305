import { describe, expect, it } from "@jest/globals";
import {
	type Departure,
	Witnesses
} from "../../../../../mixins/sse/bus/moleculer/discovery/witnesses.ts";

const HALF_A_MINUTE = 30_000;
const now = 100_000;

const gone = (instance: string, nodeID = "job", at = now - 1000, hasSent = false): Departure => ({
	...{ nodeID, instance, at, hasSent },
	ago: now - at
});

// A job that started, sent and ended while a gateway was cut off was never met there, and nobody was told.
describe("what other nodes report about departed senders", () => {
	it("is news if this gateway never met that process, and only once", () => {
		const witnesses = new Witnesses();
		witnesses.meet("job", "met", now);
		expect(witnesses.newsOf([gone("met"), gone("unmet")])).toEqual([gone("unmet")]);
		expect(witnesses.newsOf([gone("met"), gone("unmet")])).toEqual([]);
		expect(witnesses.newsOf([gone("met", "other")])).toEqual([gone("met", "other")]);
	});

	// A sender that was cut off from one gateway alone was reported there as ended. Nobody was told of what it sent to others
	// from then on, until it died.
	it("is news of one that others kept for half a minute longer than this gateway", () => {
		const witnesses = new Witnesses();
		const goneAt = (at: number) => witnesses.newsOf([gone("met", "job", at)]).length;
		witnesses.meet("job", "met", 0);
		witnesses.left("job", 1000);
		expect(goneAt(1000 + HALF_A_MINUTE)).toBe(0);
		witnesses.account("job", "met", 50_000);
		expect(goneAt(50_000)).toBe(0);
		expect(goneAt(50_001)).toBe(1);
		expect(goneAt(50_001)).toBe(0);
		// another node kept it longer
		expect(goneAt(50_002)).toBe(1);
	});

	// Its link to this gateway alone broke, it sent its first event to the others, and stopped gracefully, which they heard.
	it("is news of one that sent nothing here, and told others that it had", () => {
		const witnesses = new Witnesses();
		witnesses.meet("job", "met", 0);
		witnesses.left("job", 1000);
		expect(witnesses.newsOf([gone("met", "job", 2000)])).toEqual([]);
		const departure = gone("met", "job", 2000, true);
		expect(witnesses.newsOf([departure])).toEqual([departure]);
		expect(witnesses.newsOf([departure])).toEqual([]);
		// reported by another node, or by the process itself
		for (const know of [
			() => witnesses.account("other", "one", 5000),
			() => witnesses.end("other", "two")
		])
			know();
		expect(witnesses.newsOf([gone("one", "other", 4000, true)])).toEqual([]);
		expect(witnesses.newsOf([gone("two", "other", 4000, true)])).toEqual([]);
	});

	it("is no news of one that reported its end, unless it appeared again afterwards", () => {
		const witnesses = new Witnesses();
		witnesses.meet("job", "met", 0);
		witnesses.end("job", "met");
		witnesses.left("job", 0);
		expect(witnesses.newsOf([gone("met")])).toEqual([]);
		witnesses.meet("job", "met", 0);
		witnesses.left("job", 0);
		expect(witnesses.newsOf([gone("met")])).toEqual([gone("met")]);
	});

	it("is waited for after an absence, though not for ever", () => {
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

	it("is not waited for if there never was another sender", () => {
		const witnesses = new Witnesses();
		witnesses.wasAway(0);
		expect(witnesses.areHeard).toBe(true);
		expect(witnesses.giveUp(100_000)).toBe(false);
	});

	it("is remembered for a bounded number of senders", () => {
		const witnesses = new Witnesses();
		for (let n = 0; n < 20_000; n++) witnesses.meet("job", `i${n}`, now);
		expect(witnesses.newsOf([gone("i0"), gone("i19999")])).toEqual([gone("i0")]);
	});

	// After ten thousand scripts, a service that had been there from the beginning was taken for one that was never met when it
	// stopped: everybody was reset.
	it("is no news of one that was present all the time, however many came and left", () => {
		const witnesses = new Witnesses();
		witnesses.meet("orders", "met", now);
		for (let n = 0; n < 20_000; n++) witnesses.meet("job", `i${n}`, now);
		expect(witnesses.hasMet("orders", "met")).toBe(true);
		witnesses.left("orders", now);
		expect(witnesses.newsOf([gone("met", "orders")])).toEqual([]);
	});
});
