import { describe, expect, it } from "@jest/globals";
import type { Revocation } from "../../../../mixins/sse/core/revocation/revocation.ts";
import { TicketRevocations } from "../../../../mixins/sse/core/revocation/ticket-revocations.ts";

const stream = { sessionIds: ["alice", "tenant:7"], eventNames: ["news", "orders"] };

const of = (sessionId: string | readonly string[], eventName?: string): Revocation => ({
	sessionId,
	eventName,
	reason: "revoked"
});

/** What covers the stream, each once, in the order in which it was heard. */
const concerning = (recent: TicketRevocations) =>
	[...new Set(recent.concerning(stream))]
		.sort((a, b) => a.order - b.order)
		.map(({ id, at }) => [id, at]);

describe("recent revocations", () => {
	it.each<[string, Revocation, boolean]>([
		["its id", of("alice"), true],
		["one of its ids", of(["bob", "tenant:7"]), true],
		["several of its ids", of(["alice", "tenant:7"]), true],
		["everyone", of("*"), true],
		["its event", of("alice", "news"), true],
		["an event of everyone", of("*", "orders"), true],
		["another event", of("alice", "other"), false],
		["another id", of("bob"), false],
		["another id, and its event", of("bob", "news"), false]
	])("cover a stream, or not: %s", (_, revocation, expected) => {
		const recent = new TicketRevocations(1000);
		recent.add(revocation, "e.1", 100);

		expect(concerning(recent)).toEqual(expected ? [["e.1", 100]] : []);
	});

	it("are each remembered, even for the same session", () => {
		const recent = new TicketRevocations(1000);
		recent.add(of("alice"), "e.1", 1);
		recent.add(of("alice"), undefined, 2);
		recent.add(of(["bob", "alice"]), "f.1", 3);

		expect(concerning(recent)).toEqual([
			["e.1", 1],
			[undefined, 2],
			["f.1", 3]
		]);
		expect([recent.count, recent.size]).toEqual([3, 4]);
	});

	it("are as old as their sender says", () => {
		const recent = new TicketRevocations(1000);
		recent.add(of("alice"), "e.1", 5000, 4500);
		expect(concerning(recent)).toEqual([["e.1", 4500]]);
		recent.add(of("bob"), "e.2", 5501);

		expect(concerning(recent)).toEqual([]);
	});

	it("are forgotten when they are too old, and then nothing of them is left", () => {
		const recent = new TicketRevocations(1000);
		recent.add(of(["alice", "bob", "alice"]), "e.1", 0);
		recent.add(of("alice"), "e.2", 500);
		recent.add(of("carol"), "e.3", 1001);
		expect(concerning(recent)).toEqual([["e.2", 500]]);
		expect(recent.size).toBe(2);
		recent.add(of("alice"), "e.1", 3000);

		expect(concerning(recent)).toEqual([["e.1", 3000]]);
		expect(recent.size).toBe(1);
	});

	// One revocation of 100,000 ids counted as one of a thousand that were remembered.
	it("are limited by their ids, not by their number; one stands for all that are dropped", () => {
		const recent = new TicketRevocations(1_000_000);
		const ids = Array.from({ length: 30_000 }, (_, n) => `s-${n}`);
		recent.add(of(ids), "e.1", 1);
		recent.add(of(ids), "e.2", 2);
		expect(concerning(recent)).toEqual([[undefined, 1]]);
		expect(recent.size).toBe(30_000);
		recent.add(of([...ids, ...ids]), "e.3", 3);

		expect(concerning(recent)).toEqual([[undefined, 3]]);
		expect([recent.size, recent.count]).toEqual([0, 3]);
		recent.add(of("alice"), "e.4", 4);
		expect(concerning(recent)).toEqual([
			[undefined, 3],
			["e.4", 4]
		]);
	});
});
