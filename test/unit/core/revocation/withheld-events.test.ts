import { describe, expect, it } from "@jest/globals";
import type { Subscription } from "../../../../mixins/sse/core/addressing/registry.ts";
import { WithheldEvents } from "../../../../mixins/sse/core/revocation/withheld-events.ts";
import { TextLooks } from "../../../support/text-looks.ts";

/** Streams of as many sessions, each with a hundred names. */
function streamsOf(count: number, looks: TextLooks): Subscription[] {
	const names = Array.from({ length: 100 }, (_, n) => `name-${n}`);
	return Array.from({ length: count }, (_, n) => ({
		sessionIds: [`user:${n}`],
		eventNames: looks.of(names)
	}));
}

const of = (sessionId: string, eventName?: string) => ({ sessionId, eventName, reason: "revoked" });

// Each name of each stream was looked up at each loss that was reported: 10,000 streams of 100 names took 0.2 seconds, and two
// if everyone had been revoked.
describe("that all open streams have been let in", () => {
	it.each([
		["as a whole", of("user:0")],
		["for one name", of("user:0", "name-7")]
	])("is noted by looking at the names of revoked sessions alone: %s", (_, revocation) => {
		for (const count of [100, 200]) {
			const looks = new TextLooks();
			const withheld = new WithheldEvents(300_000);
			withheld.add(revocation, 1, 0);
			withheld.letInAll(streamsOf(count, looks), 2, 0);

			expect(looks.count).toBe(100);
			expect(withheld.letIns).toBe(revocation.eventName === undefined ? 100 : 1);
		}
	});

	it("is noted as far as it can be remembered if everyone has been revoked", () => {
		const looks = new TextLooks();
		const withheld = new WithheldEvents(300_000);
		withheld.add(of("*"), 1, 0);
		const streams = streamsOf(3000, looks);
		withheld.letInAll(streams, 2, 0);

		expect(withheld.letIns).toBe(200_000);
		expect(looks.count).toBeLessThanOrEqual(200_000);
		const [first, last] = [streams[0], streams.at(-1)] as [Subscription, Subscription];
		expect(withheld.admit(first, 0).from).toBe(2);
		expect(withheld.admit(last, 0).from).toBe(Number.POSITIVE_INFINITY);
	});

	it("needs no look at names once the revocations of single names are forgotten", () => {
		const looks = new TextLooks();
		const withheld = new WithheldEvents(300_000);
		const hour = 3_600_000 + 300_001;
		withheld.add(of("user:0", "a"), 1, 0);
		withheld.add(of("user:0", "a"), 2, 1);
		withheld.add(of("*", "a"), 3, 2);
		withheld.add(of("somebody"), 4, hour + 2);
		withheld.letInAll(streamsOf(10, looks), 5, hour + 2);

		expect([withheld.size, looks.count]).toEqual([1, 0]);
	});
});
