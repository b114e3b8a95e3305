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

		expect(opening.revokedBy(stream)).toBeDefined();
	});
});
