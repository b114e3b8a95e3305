import { describe, expect, it } from "@jest/globals";
import { SendTimes } from "../../../../../mixins/sse/bus/rabbitmq/receiver/send-times.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

// A revocation arrived late, from a node with a slow clock: it seemed to be older than the streams that it covered.
describe("when a late message was sent", () => {
	it("is what its sender says, if nothing else is known", () => {
		expect(new SendTimes().ofLate("node", NOW)).toBe(NOW);
	});

	it("is later by how slow its sender's clock is, as last seen", () => {
		const times = new SendTimes();
		times.cameAtOnce("behind", NOW - 2 * MINUTE, NOW);
		times.cameAtOnce("behind", NOW - MINUTE, NOW);
		times.cameAtOnce("ahead", NOW - 10 * MINUTE, NOW - 11 * MINUTE);

		expect(times.ofLate("behind", NOW)).toBe(NOW + MINUTE);
		expect(times.ofLate("ahead", NOW)).toBe(NOW);
		expect(times.ofLate("unknown", NOW)).toBe(NOW);
	});

	it("is not before what arrived before it, late or not", () => {
		const times = new SendTimes();
		times.cameAtOnce("node", NOW, NOW);
		expect(times.ofLate("unknown", NOW - MINUTE)).toBe(NOW);
		expect(times.ofLate("node", NOW + MINUTE)).toBe(NOW + MINUTE);
		expect(times.ofLate("unknown", NOW - MINUTE)).toBe(NOW + MINUTE);
	});

	it("does not depend on messages without a time", () => {
		const times = new SendTimes();
		times.cameAtOnce("node", 0, NOW);
		expect(times.ofLate("node", NOW)).toBe(NOW);
	});
});
