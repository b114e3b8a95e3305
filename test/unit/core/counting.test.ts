import { describe, expect, it } from "@jest/globals";
import { Continuity } from "../../../mixins/sse/core/continuity.ts";
import { encodeFrame } from "../../../mixins/sse/core/frame.ts";
import { History } from "../../../mixins/sse/core/history.ts";
import { Once } from "../../../mixins/sse/core/once.ts";
import { Openings } from "../../../mixins/sse/core/openings.ts";
import { orderByOrigin } from "../../../mixins/sse/core/order.ts";
import { RecentRevocations } from "../../../mixins/sse/core/recent-revocations.ts";
import { Registry } from "../../../mixins/sse/core/registry.ts";
import { MAX_WAITING, Returns } from "../../../mixins/sse/core/returns.ts";
import { RevokedPlaces } from "../../../mixins/sse/core/revoked-places.ts";
import { Tally } from "../../../mixins/sse/core/tally.ts";
import { networkOf } from "../../../mixins/sse/gateway/address.ts";
import { held } from "../../support/memory.ts";

const MANY = 1_000_000;

describe("a million keys over time leave nothing behind, or little:", () => {
	it("counts that have come down to nothing", () => {
		const tally = new Tally();
		for (let n = 0; n < MANY; n++) {
			tally.up(`key-${n}`);
			if (n >= 10) tally.down(`key-${n - 10}`);
		}

		expect(tally.size).toBe(10);
		tally.down("never counted");
		expect(tally.of("never counted")).toBe(0);
	});

	it("streams that came and went, each of a session and an event name of its own", () => {
		const registry = new Registry();
		for (let n = 0; n < MANY; n++) {
			const stream = { sessionIds: [`session-${n}`], eventNames: [`name-${n}`] };
			registry.add(stream);
			registry.remove(stream);
			registry.select(`elsewhere-${n}`, `name-${n}`);
		}

		expect([registry.size, registry.sessionCount, registry.eventNameCount]).toEqual([0, 0, 0]);
	});

	it("events, each for a session and of a name of its own, of many origins", async () => {
		const maxBytes = 2 ** 20;
		const continuity = new Continuity({ handOn() {}, lost() {}, failed() {} });
		const history = new History(
			{ maxBytes, maxAge: 300_000, gateway: "gw" },
			orderByOrigin(continuity.lives, 0)
		);
		const before = await held();
		for (let n = 0; n < MANY; n++) {
			const origin = `node-${Math.floor(n / 10)}`;
			const seq = (n % 10) + 1;
			const id = `${origin}.e.${seq}`;
			continuity.observe({ origin, epoch: "e", seq }, n, n / 1000, 0);
			const event = { id, eventName: `name-${n}`, sessionId: `session-${n}`, payload: null };
			history.append(event, encodeFrame({ id, event: event.eventName, data: "null" }), n / 1000);
		}

		expect(history.bytes).toBeLessThanOrEqual(maxBytes);
		// the history's bound, what is remembered of 10,000 origins, and what V8 keeps to itself
		const after = await held();
		expect(after.all - before.all).toBeLessThan(6 * maxBytes);
	});

	it("those that were told to come back", () => {
		const returns = new Returns();
		for (let n = 0; n < MANY; n++) returns.told(`key-${n}`, n + 5000, n);

		expect(returns.size).toBe(10_000);
	});

	it("what was used, when it could not be used any more", () => {
		const once = new Once(30_000);
		let most = 0;
		for (let n = 0; n < MANY; n++) {
			once.take(`jti-${n}`, n + 30_000, n);
			most = Math.max(most, once.size);
		}

		expect(most).toBeLessThanOrEqual(60_001);
		expect(once.forgotten).toBe(Number.NEGATIVE_INFINITY);
	});

	it("what was used, and could still be used for an hour", () => {
		const once = new Once(3_600_000);
		for (let n = 0; n < MANY; n++) once.take(`jti-${n}`, n + 3_600_000, n);

		expect(once.size).toBeLessThanOrEqual(500_000);
		expect(once.size).toBeGreaterThan(400_000);
		// it says which of them it does not know any more
		const last = once.forgotten - 3_600_000;
		expect([once.has(`jti-${last}`), once.has(`jti-${last + 1}`)]).toEqual([false, true]);
		expect(last).toBe(MANY - once.size - 1);
	});

	it("revocations", () => {
		const recent = new RecentRevocations(30_000);
		const of = (n: number) => ({ sessionId: `s-${n}`, eventName: undefined, reason: "revoked" });
		for (let n = 0; n < MANY; n++) recent.add(of(n), `e.${n}`, n / 1000);

		expect([recent.size, recent.count]).toEqual([50_000, MANY]);
		recent.add(of(0), "e.0", 40_000);
		expect(recent.size).toBe(1);
	});

	it("where sessions were revoked, and let in again", () => {
		const places = new RevokedPlaces(300_000);
		const of = (n: number) => ({ sessionId: `s-${n}`, eventName: undefined, reason: "revoked" });
		const stream = (n: number) => ({ sessionIds: [`s-${n}`], eventNames: ["a"] });
		for (let n = 0; n < MANY; n++) places.add(of(n), n + 1, n / 1000);
		expect(places.size).toBe(50_000);
		for (let n = MANY - 200_000; n < MANY; n++) places.letIn(stream(n), MANY + n + 1, MANY / 1000);
		expect(places.letIns).toBe(100_000);
		// those that are remembered have gone on, the others are told
		expect(places.admit(stream(MANY - 1), MANY / 1000).from).toBe(2 * MANY);
		expect(places.admit(stream(0), MANY / 1000)).toEqual({
			from: Number.POSITIVE_INFINITY,
			reason: "expired"
		});
		places.add(of(0), 2 * MANY + 1, 3_900_001 + MANY / 1000);

		expect([places.size, places.letIns]).toEqual([1, 0]);
	});

	// Those of requests whose end nobody sees (function aliases, files, clients that leave) were kept for ever.
	it("revocations that requests may have to know of, whether or not they end", () => {
		const openings = new Openings();
		for (let n = 0; n < MANY; n++) {
			openings.begin(0);
			openings.revoke({ sessionId: `s-${n}`, eventName: undefined, reason: "revoked" });
		}

		expect(openings.remembered).toBe(1000);
	});
});

describe("what may be used once", () => {
	it("is not used twice while it is good, and forgotten afterwards", () => {
		const once = new Once(100);
		expect(once.take("a", 1000, 0)).toBe(true);
		expect(once.take("a", 1000, 999)).toBe(false);
		expect(once.has("a")).toBe(true);
		once.take("b", 3000, 2000);

		expect(once.has("a")).toBe(false);
	});
});

describe("who was told to come back", () => {
	it("is waiting until then, and counts once for each time it was told", () => {
		const returns = new Returns();
		returns.told("a", 1000, 0);
		returns.told("a", 2000, 0);

		expect(returns.waiting("a", 999)).toBe(2);
		expect(returns.waiting("a", 1000)).toBe(1);
		expect(returns.waiting("a", 2000)).toBe(0);
		expect(returns.waiting("b", 0)).toBe(0);
	});

	it("is remembered no more often than counts", () => {
		const returns = new Returns();
		for (let n = 0; n < 1000; n++) returns.told("a", 1000, 0);

		expect(returns.waiting("a", 0)).toBe(MAX_WAITING + 1);
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
