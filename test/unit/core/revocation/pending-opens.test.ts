import { describe, expect, it } from "@jest/globals";
import { PendingOpens } from "../../../../mixins/sse/core/revocation/pending-opens.ts";
import type { Revocation } from "../../../../mixins/sse/core/revocation/revocation.ts";

const of = (sessionId: string): Revocation => ({
	sessionId,
	eventName: undefined,
	reason: "revoked"
});
const stream = { sessionIds: ["alice"], eventNames: ["news"] };

describe("streams that are being opened", () => {
	it("know of revocations since they began, and of no earlier ones", () => {
		const pendingOpens = new PendingOpens();
		const first = pendingOpens.begin(0);
		pendingOpens.revoke(of("alice"));
		const second = pendingOpens.begin(0);

		expect(first.revokedBy(stream)).toEqual(of("alice"));
		expect(second.revokedBy(stream)).toBeUndefined();
	});

	// A gateway that starts reads who was revoked before; streams that were judged since then were closed for it.
	it("know nothing of earlier revocations that are heard only now", () => {
		const pendingOpens = new PendingOpens();
		const [early, late] = [pendingOpens.begin(1000), pendingOpens.begin(2000)];
		pendingOpens.revoke(of("alice"), 1500);

		expect(early.revokedBy(stream)).toEqual(of("alice"));
		expect(late.revokedBy(stream)).toBeUndefined();
	});

	it("count as revoked after more revocations than are remembered", () => {
		const pendingOpens = new PendingOpens();
		const pendingOpen = pendingOpens.begin(0);
		for (let n = 0; n < 100_000; n++) pendingOpens.revoke(of(`s-${n}`));

		// whose they were is not known, so the reason is the general one
		expect(pendingOpen.revokedBy(stream)?.reason).toBe("revoked");
	});

	// Once the memory was full, no stream opened any more.
	it("count as revoked only for as long as that", () => {
		const pendingOpens = new PendingOpens();
		for (let n = 0; n < 1500; n++) pendingOpens.revoke(of(`s-${n}`));
		const next = pendingOpens.begin(0);
		pendingOpens.revoke(of("bob"));

		expect(next.revokedBy(stream)).toBeUndefined();
		expect(next.revokedBy({ ...stream, sessionIds: ["bob"] })).toEqual(of("bob"));
		expect(pendingOpens.begin(0).revokedBy({ ...stream, sessionIds: ["bob"] })).toBeUndefined();
	});

	it("count as revoked after one revocation of more sessions than are remembered", () => {
		const pendingOpens = new PendingOpens();
		const pendingOpen = pendingOpens.begin(0);
		const sessionId = Array.from({ length: 100_000 }, (_, n) => `s-${n}`);
		pendingOpens.revoke({ sessionId, eventName: undefined, reason: "revoked" });

		expect(pendingOpen.revokedBy(stream)?.reason).toBe("revoked");
		expect(pendingOpens.remembered).toBe(0);
		expect(pendingOpens.begin(0).revokedBy(stream)).toBeUndefined();
	});

	it("are not told another's reason", () => {
		const pendingOpens = new PendingOpens();
		const pendingOpen = pendingOpens.begin(0);
		for (let n = 0; n < 1500; n++) pendingOpens.revoke({ ...of("bob"), reason: "fraud" });

		expect(pendingOpen.revokedBy(stream)?.reason).toBe("revoked");
	});
});
