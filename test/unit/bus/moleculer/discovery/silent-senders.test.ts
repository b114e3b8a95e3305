import { describe, expect, it } from "@jest/globals";
import { SilentSenders } from "../../../../../mixins/sse/bus/moleculer/discovery/silent-senders.ts";

// The path from one sender to a gateway was broken, each took the other for present, and nobody suspected anything.
describe("a sender from which nothing arrives", () => {
	it("is asked once after more than a minute, and has five seconds to answer", () => {
		const silentSenders = new SilentSenders();
		silentSenders.heard("a", 0);
		silentSenders.heard("b", 50_001);
		expect(silentSenders.ask(69_999)).toEqual([]);
		expect(silentSenders.isAsking).toBe(false);
		expect(silentSenders.ask(70_000)).toEqual(["a"]);
		expect(silentSenders.isAsking).toBe(true);
		expect([silentSenders.isAsked("a"), silentSenders.isAsked("b")]).toEqual([true, false]);
		expect(silentSenders.ask(71_000)).toEqual([]);
		expect(silentSenders.takeUnanswered(74_999)).toEqual([]);
		expect(silentSenders.takeUnanswered(75_000)).toEqual(["a"]);
		expect(silentSenders.isAsking).toBe(false);
		expect(silentSenders.takeUnanswered(80_000)).toEqual([]);
		expect(silentSenders.ask(120_000)).toEqual([]);
		expect(silentSenders.ask(120_001)).toEqual(["b"]);
	});

	it("is asked together with those that are due soon", () => {
		const silentSenders = new SilentSenders();
		silentSenders.heard("a", 0);
		silentSenders.heard("b", 20_000);
		silentSenders.heard("c", 20_001);
		expect(silentSenders.ask(70_000)).toEqual(["a", "b"]);
	});

	it("is listed when all are asked again, if it has not answered", () => {
		const silentSenders = new SilentSenders();
		silentSenders.heard("a", 0);
		silentSenders.ask(70_000);
		silentSenders.heard("b", 70_000);
		expect(silentSenders.clear()).toEqual(["a"]);
		expect(silentSenders.isAsking).toBe(false);
	});

	it("is heard by whatever it sends, and not missed once it has left", () => {
		const silentSenders = new SilentSenders();
		silentSenders.heard("a", 0);
		silentSenders.heard("b", 0);
		expect(silentSenders.ask(70_000)).toEqual(["a", "b"]);
		silentSenders.heard("a", 70_010);
		silentSenders.left("b");
		expect(silentSenders.takeUnanswered(80_000)).toEqual([]);
		expect(silentSenders.ask(140_010)).toEqual(["a"]);
	});
});
