import { describe, expect, it } from "@jest/globals";
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
		const first = openings.begin(0);
		openings.revoke(of("alice"));
		const second = openings.begin(0);

		expect(first.revokedBy(stream)).toEqual(of("alice"));
		expect(second.revokedBy(stream)).toBeUndefined();
	});

	// A gateway that starts reads who was revoked before; streams that were judged since then were closed for it.
	it("know nothing of revocations from before them that are heard of only now", () => {
		const openings = new Openings();
		const [early, late] = [openings.begin(1000), openings.begin(2000)];
		openings.revoke(of("alice"), 1500);

		expect(early.revokedBy(stream)).toEqual(of("alice"));
		expect(late.revokedBy(stream)).toBeUndefined();
	});

	it("count as revoked when there were more revocations than are remembered", () => {
		const openings = new Openings();
		const opening = openings.begin(0);
		for (let n = 0; n < 100_000; n++) openings.revoke(of(`s-${n}`));

		// whose they were is not known: neither is what reason is its own
		expect(opening.revokedBy(stream)?.reason).toBe("revoked");
	});

	// Once the memory was full, no stream opened any more.
	it("count as revoked no longer than that", () => {
		const openings = new Openings();
		for (let n = 0; n < 1500; n++) openings.revoke(of(`s-${n}`));
		const next = openings.begin(0);
		openings.revoke(of("bob"));

		expect(next.revokedBy(stream)).toBeUndefined();
		expect(next.revokedBy({ ...stream, sessionIds: ["bob"] })).toEqual(of("bob"));
		expect(openings.begin(0).revokedBy({ ...stream, sessionIds: ["bob"] })).toBeUndefined();
	});

	it("count as revoked after one revocation of more sessions than are remembered", () => {
		const openings = new Openings();
		const opening = openings.begin(0);
		const sessionId = Array.from({ length: 100_000 }, (_, n) => `s-${n}`);
		openings.revoke({ sessionId, eventName: undefined, reason: "revoked" });

		expect(opening.revokedBy(stream)?.reason).toBe("revoked");
		expect(openings.remembered).toBe(0);
		expect(openings.begin(0).revokedBy(stream)).toBeUndefined();
	});

	it("hear of no other's reason", () => {
		const openings = new Openings();
		const opening = openings.begin(0);
		for (let n = 0; n < 1500; n++) openings.revoke({ ...of("bob"), reason: "fraud" });

		expect(opening.revokedBy(stream)?.reason).toBe("revoked");
	});
});
