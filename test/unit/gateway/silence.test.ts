import { describe, expect, it } from "@jest/globals";
import { Silence } from "../../../mixins/sse/gateway/silence.ts";

// The way from one sender to a gateway was broken, both took each other for there, and nobody suspected anything.
describe("a sender from which nothing comes", () => {
	it("is asked once after more than a minute, and has five seconds to answer", () => {
		const silence = new Silence();
		silence.heard("a", 0);
		silence.heard("b", 50_001);
		expect(silence.ask(69_999)).toEqual([]);
		expect(silence.isAsking).toBe(false);
		expect(silence.ask(70_000)).toEqual(["a"]);
		expect(silence.isAsking).toBe(true);
		expect([silence.isAsked("a"), silence.isAsked("b")]).toEqual([true, false]);
		expect(silence.ask(71_000)).toEqual([]);
		expect(silence.takeUnanswered(74_999)).toEqual([]);
		expect(silence.takeUnanswered(75_000)).toEqual(["a"]);
		expect(silence.isAsking).toBe(false);
		expect(silence.takeUnanswered(80_000)).toEqual([]);
		expect(silence.ask(120_000)).toEqual([]);
		expect(silence.ask(120_001)).toEqual(["b"]);
	});

	it("is asked together with those whose turn would come soon", () => {
		const silence = new Silence();
		silence.heard("a", 0);
		silence.heard("b", 20_000);
		silence.heard("c", 20_001);
		expect(silence.ask(70_000)).toEqual(["a", "b"]);
	});

	it("is named when all are asked anew, if it has not answered", () => {
		const silence = new Silence();
		silence.heard("a", 0);
		silence.ask(70_000);
		silence.heard("b", 70_000);
		expect(silence.clear()).toEqual(["a"]);
		expect(silence.isAsking).toBe(false);
	});

	it("is heard by whatever it says, and not missed when it has gone", () => {
		const silence = new Silence();
		silence.heard("a", 0);
		silence.heard("b", 0);
		expect(silence.ask(70_000)).toEqual(["a", "b"]);
		silence.heard("a", 70_010);
		silence.left("b");
		expect(silence.takeUnanswered(80_000)).toEqual([]);
		expect(silence.ask(140_010)).toEqual(["a"]);
	});
});
