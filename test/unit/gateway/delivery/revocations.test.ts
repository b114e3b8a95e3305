import { describe, expect, it } from "@jest/globals";
import { Registry } from "../../../../mixins/sse/core/addressing/registry.ts";
import { GatewayCounters } from "../../../../mixins/sse/core/metrics/counters.ts";
import { PendingOpens } from "../../../../mixins/sse/core/revocation/pending-opens.ts";
import { Revocations } from "../../../../mixins/sse/gateway/delivery/revocations.ts";
import type { GatewayService } from "../../../../mixins/sse/gateway/types.ts";
import type { EventStream } from "../../../../mixins/sse/streams/event-stream.ts";
import { TextLooks } from "../../../support/text-looks.ts";

const idsOf = (count: number) => Array.from({ length: count }, (_, n) => `user:${n}`);

/** Streams of as many sessions, each with an id of its own. */
function streamsOf(count: number, looks: TextLooks) {
	const revoked: string[] = [];
	const streams = idsOf(count).map(id => ({
		sessionIds: looks.of([id, "tenant:1"]),
		eventNames: ["news"],
		provenAt: 0,
		revoke: () => void revoked.push(id)
	}));
	return { streams: streams as unknown as EventStream[], revoked };
}

/** Revokes each of the sessions in one `sse.close`. */
function revokeAll(count: number, areEnding: boolean) {
	const looks = new TextLooks();
	const registry = new Registry<EventStream>();
	const service = { logger: console } as unknown as GatewayService;
	const revocations = new Revocations(registry, service, {
		counters: new GatewayCounters(),
		awakeSince: () => 0
	});
	const { streams, revoked } = streamsOf(count, looks);
	for (const stream of streams) {
		if (areEnding) revocations.ended(stream);
		else registry.add(stream);
	}
	looks.count = 0;
	revocations.receive({ sessionId: idsOf(count) }, { nodeID: "a" });
	return { looks: looks.count, revoked: revoked.length };
}

// Each id of the list was compared with those of each stream: 50,000 sessions took 8 seconds.
describe("a revocation of many sessions looks at each of their streams a few times at most", () => {
	it.each([
		["that are open", false],
		["that are ending", true]
	])("%s", (_, areEnding) => {
		for (const count of [500, 1000]) {
			const { looks, revoked } = revokeAll(count, areEnding);
			expect(revoked).toBe(count);
			expect(looks).toBeLessThanOrEqual(2 * count);
		}
	});

	it("that are being opened", () => {
		for (const count of [500, 1000]) {
			const looks = new TextLooks();
			const pendingOpens = new PendingOpens();
			const pendingOpen = pendingOpens.begin(0);
			pendingOpens.revoke({
				sessionId: looks.of(idsOf(count)),
				eventName: undefined,
				reason: "revoked"
			});
			const { streams } = streamsOf(count, looks);
			looks.count = 0;
			for (const stream of streams) {
				expect(pendingOpen.revokedBy(stream)?.reason).toBe("revoked");
			}

			expect(looks.count).toBeLessThanOrEqual(3 * count);
		}
	});
});
