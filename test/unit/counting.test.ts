import { describe, expect, it } from "@jest/globals";
import { orderBySender } from "../../mixins/sse/bus/moleculer/id-order.ts";
import { SequenceTracker } from "../../mixins/sse/bus/moleculer/tracking/sequence-tracker.ts";
import { Registry } from "../../mixins/sse/core/addressing/registry.ts";
import { ExpiringSet } from "../../mixins/sse/core/collections/expiring-set.ts";
import { encodeFrame } from "../../mixins/sse/core/event/frame.ts";
import { History } from "../../mixins/sse/core/history/history.ts";
import { ExpiringCounter, MAX_COUNT } from "../../mixins/sse/core/limits/expiring-counter.ts";
import { KeyedCounter } from "../../mixins/sse/core/limits/keyed-counter.ts";
import { PendingOpens } from "../../mixins/sse/core/revocation/pending-opens.ts";
import { TicketRevocations } from "../../mixins/sse/core/revocation/ticket-revocations.ts";
import { WithheldEvents } from "../../mixins/sse/core/revocation/withheld-events.ts";
import { networkOf } from "../../mixins/sse/gateway/limits/address.ts";
import { held } from "../support/memory.ts";

const MANY = 1_000_000;

describe("a million keys over time leave nothing behind, or little:", () => {
	it("counts that fell to zero", () => {
		const keyedCounter = new KeyedCounter();
		for (let n = 0; n < MANY; n++) {
			keyedCounter.up(`key-${n}`);
			if (n >= 10) keyedCounter.down(`key-${n - 10}`);
		}

		expect(keyedCounter.size).toBe(10);
		keyedCounter.down("never counted");
		expect(keyedCounter.of("never counted")).toBe(0);
	});

	it("streams that came and went, each with a session and an event name of its own", () => {
		const registry = new Registry();
		for (let n = 0; n < MANY; n++) {
			const stream = { sessionIds: [`session-${n}`], eventNames: [`name-${n}`] };
			registry.add(stream);
			registry.remove(stream);
			registry.select(`elsewhere-${n}`, `name-${n}`);
		}

		expect([registry.size, registry.sessionCount, registry.eventNameCount]).toEqual([0, 0, 0]);
	});

	it("events, each with a session and a name of its own, of many origins", async () => {
		const maxBytes = 2 ** 20;
		const tracker = new SequenceTracker({ handOn() {}, lost() {}, failed() {} });
		const history = new History(
			{ maxBytes, maxAge: 300_000, gateway: "gw" },
			orderBySender(tracker.lives, 0)
		);
		const before = await held();
		for (let n = 0; n < MANY; n++) {
			const origin = `node-${Math.floor(n / 10)}`;
			const seq = (n % 10) + 1;
			const id = `${origin}.e.${seq}`;
			tracker.observe({ origin, epoch: "e", seq }, n, n / 1000, 0);
			const event = { id, eventName: `name-${n}`, sessionId: `session-${n}`, payload: null };
			history.append(event, encodeFrame({ id, event: event.eventName, data: "null" }), n / 1000);
		}

		expect(history.bytes).toBeLessThanOrEqual(maxBytes);
		// the history's limit, what is remembered of 10,000 origins, and what V8 keeps for itself
		const after = await held();
		expect(after.all - before.all).toBeLessThan(6 * maxBytes);
	});

	it("counts that expire", () => {
		const counter = new ExpiringCounter();
		for (let n = 0; n < MANY; n++) counter.up(`key-${n}`, n + 5000, n);

		expect(counter.size).toBe(10_000);
	});

	it("used keys, once they could not be used any more", () => {
		const expiringSet = new ExpiringSet(30_000);
		let most = 0;
		for (let n = 0; n < MANY; n++) {
			expiringSet.take(`jti-${n}`, n + 30_000, n);
			most = Math.max(most, expiringSet.size);
		}

		expect(most).toBeLessThanOrEqual(60_001);
		expect(expiringSet.forgotten).toBe(Number.NEGATIVE_INFINITY);
	});

	it("used keys that could still be used for an hour", () => {
		const expiringSet = new ExpiringSet(3_600_000);
		for (let n = 0; n < MANY; n++) expiringSet.take(`jti-${n}`, n + 3_600_000, n);

		expect(expiringSet.size).toBeLessThanOrEqual(500_000);
		expect(expiringSet.size).toBeGreaterThan(400_000);
		// it says which of them it no longer knows
		const last = expiringSet.forgotten - 3_600_000;
		expect([expiringSet.has(`jti-${last}`), expiringSet.has(`jti-${last + 1}`)]).toEqual([
			false,
			true
		]);
		expect(last).toBe(MANY - expiringSet.size - 1);
	});

	it("revocations", () => {
		const recent = new TicketRevocations(30_000);
		const of = (n: number) => ({ sessionId: `s-${n}`, eventName: undefined, reason: "revoked" });
		for (let n = 0; n < MANY; n++) recent.add(of(n), `e.${n}`, n / 1000);

		expect([recent.size, recent.count]).toEqual([50_000, MANY]);
		recent.add(of(0), "e.0", 40_000);
		expect(recent.size).toBe(1);
	});

	it("positions at which sessions were revoked, and let in again", () => {
		const places = new WithheldEvents(300_000);
		const of = (n: number) => ({ sessionId: `s-${n}`, eventName: undefined, reason: "revoked" });
		const stream = (n: number) => ({ sessionIds: [`s-${n}`], eventNames: ["a"] });
		for (let n = 0; n < MANY; n++) places.add(of(n), n + 1, n / 1000);
		expect(places.size).toBe(50_000);
		for (let n = MANY - 300_000; n < MANY; n++) places.letIn(stream(n), MANY + n + 1, MANY / 1000);
		expect(places.letIns).toBe(200_000);
		// those that are remembered continue, the others are reset
		expect(places.admit(stream(MANY - 1), MANY / 1000).from).toBe(2 * MANY);
		expect(places.admit(stream(0), MANY / 1000)).toEqual({
			from: Number.POSITIVE_INFINITY,
			reason: "expired"
		});
		places.add(of(0), 2 * MANY + 1, 3_900_001 + MANY / 1000);

		expect([places.size, places.letIns]).toEqual([1, 0]);
	});

	// Those of requests whose end nobody sees (function aliases, files, clients that leave) were kept for ever.
	it("revocations that requests may have to know of, whether or not the requests end", () => {
		const pendingOpens = new PendingOpens();
		for (let n = 0; n < MANY; n++) {
			pendingOpens.begin(0);
			pendingOpens.revoke({ sessionId: `s-${n}`, eventName: undefined, reason: "revoked" });
		}

		expect(pendingOpens.remembered).toBe(1000);
	});
});

describe("a key that may be used once", () => {
	it("is not used twice while it is valid, and forgotten afterwards", () => {
		const expiringSet = new ExpiringSet(100);
		expect(expiringSet.take("a", 1000, 0)).toBe(true);
		expect(expiringSet.take("a", 1000, 999)).toBe(false);
		expect(expiringSet.has("a")).toBe(true);
		expiringSet.take("b", 3000, 2000);

		expect(expiringSet.has("a")).toBe(false);
	});
});

describe("a count that expires", () => {
	it("lasts until its time, beside the others of its key", () => {
		const counter = new ExpiringCounter();
		counter.up("a", 1000, 0);
		counter.up("a", 2000, 0);

		expect(counter.of("a", 999)).toBe(2);
		expect(counter.of("a", 1000)).toBe(1);
		expect(counter.of("a", 2000)).toBe(0);
		expect(counter.of("b", 0)).toBe(0);
	});

	it("is not remembered beyond the highest count", () => {
		const counter = new ExpiringCounter();
		for (let n = 0; n < 1000; n++) counter.up("a", 1000, 0);

		expect(counter.of("a", 0)).toBe(MAX_COUNT + 1);
	});
});

describe("the network of an address", () => {
	it.each([
		["192.0.2.7", "192.0.2.7"],
		["::ffff:192.0.2.7", "192.0.2.7"],
		["::FFFF:192.0.2.7", "192.0.2.7"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
		["2001:DB8:1:2:ffff::", "2001:db8:1:2::/64"],
		["2001:db8:0001:0002::1", "2001:db8:1:2::/64"],
		["2001:db8::1", "2001:db8:0:0::/64"],
		["::1", "0:0:0:0::/64"],
		["::", "0:0:0:0::/64"],
		["fe80::1%eth0", "fe80:0:0:0::/64"],
		["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
		["1:2:3:4:5:6:192.0.2.7", "1:2:3:4::/64"],
		["unix", "unknown"],
		["", "unknown"],
		["x".repeat(10_000), "unknown"]
	])("%s is %s", (address, network) => {
		expect(networkOf(address)).toBe(network);
	});
});
