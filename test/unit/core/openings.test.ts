import { describe, expect, it } from "vitest";
import type { Revocation } from "../../../mixins/sse/core/close.ts";
import { Openings } from "../../../mixins/sse/core/openings.ts";

const of = (sessionId: string): Revocation => ({
	sessionId,
	eventName: undefined,
	reason: "revoked"
});
const stream = { sessionIds: ["alice"], eventNames: ["news"] };

describe("streams that are being opened", () => {
	it("know of revocations since they began, and of no earlier ones", () => {
		const openings = new Openings();
		const first = openings.begin();
		openings.revoke(of("alice"));
		const second = openings.begin();

		expect(first.revokedBy(stream)).toEqual(of("alice"));
		expect(second.revokedBy(stream)).toBeUndefined();
	});

	it("leave nothing behind when all are done, however often they say so", () => {
		const openings = new Openings();
		const [first, second] = [openings.begin(), openings.begin()];
		openings.revoke(of("alice"));
		first.done();
		first.done();
		expect(openings.size).toBe(1);
		expect(second.revokedBy(stream)).toBeDefined();
		second.done();

		expect(openings.size).toBe(0);
		expect(openings.begin().revokedBy(stream)).toBeUndefined();
	});

	it("count as revoked when there were more revocations than are remembered", () => {
		const openings = new Openings();
		const opening = openings.begin();
		for (let n = 0; n < 100_000; n++) openings.revoke(of(`s-${n}`));

		// whose they were is not known: neither is what reason is its own
		expect(opening.revokedBy(stream)?.reason).toBe("revoked");
	});

	// With one always on its way, as on a busy gateway, the memory was never emptied: once it was full,
	// no stream opened any more.
	it("count as revoked no longer than that, though there is always one on its way", () => {
		const openings = new Openings();
		const slow = openings.begin();
		for (let n = 0; n < 1500; n++) openings.revoke(of(`s-${n}`));
		const next = openings.begin();
		slow.done();
		openings.revoke(of("bob"));

		expect(next.revokedBy(stream)).toBeUndefined();
		expect(next.revokedBy({ ...stream, sessionIds: ["bob"] })).toEqual(of("bob"));
		expect(openings.begin().revokedBy({ ...stream, sessionIds: ["bob"] })).toBeUndefined();
		expect(openings.remembered).toBe(1);
	});

	it("hear of no other's reason", () => {
		const openings = new Openings();
		const opening = openings.begin();
		for (let n = 0; n < 1500; n++) openings.revoke({ ...of("bob"), reason: "fraud" });

		expect(opening.revokedBy(stream)?.reason).toBe("revoked");
	});
});
