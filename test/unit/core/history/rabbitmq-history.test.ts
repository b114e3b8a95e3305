import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { RABBITMQ_ORDER } from "../../../../mixins/sse/bus/rabbitmq/id-order.ts";
import { History } from "../../../../mixins/sse/core/history/history.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
/** The RabbitMQ stream was created at that time; another one of its name later. */
const MADE = 1_700_000_000_000;

/** A history of a RabbitMQ stream, fed with one event per millisecond. */
class StreamRing {
	readonly history: History;
	now = 0;

	constructor({ maxAge = 60_000, maxBytes = 1 << 20, gateway = "gw.start" } = {}) {
		this.history = new History({ maxAge, maxBytes, gateway }, RABBITMQ_ORDER);
	}

	/** @param offsets Of messages, as `1`, or of one of a message's events, as `1.2`. */
	add(id: string | undefined, sessionId = "s"): void {
		const event = { eventName: "a", sessionId, payload: null, ...(id && { id }) };
		this.history.append(event, encoder.encode(id ?? "without id"), ++this.now);
	}

	/** Ids of what is replayed, or the reason of the reset. */
	replay(lastEventId: string): string[] | string {
		const stream = { sessionIds: ["s"], eventNames: ["a"] };
		const cursor = this.history.since(lastEventId, this.now, stream);
		if (typeof cursor === "string") return cursor;
		const frames = this.history.read(cursor, stream, 1 << 20);
		return (frames ?? []).map(frame => decoder.decode(frame));
	}
}

const id = (offset: number, made = MADE) => `${offset}-${made + offset}`;

describe("a replay from a RabbitMQ stream", () => {
	it("starts exactly after the client's event, and repeats nothing, on any gateway", () => {
		const [one, other] = [new StreamRing({ gateway: "one" }), new StreamRing({ gateway: "two" })];
		for (const ring of [one, other]) for (let n = 5; n < 10; n++) ring.add(id(n));

		expect(one.replay(id(7))).toEqual([id(8), id(9)]);
		expect(other.replay(id(7))).toEqual([id(8), id(9)]);
		expect(other.replay(one.history.resumeToken(one.now))).toEqual([]);
	});

	it("starts within a message of which the client has seen a part", () => {
		const ring = new StreamRing();
		for (const which of ["5-50", "5-50-1", "5-50-2", "6-60"]) ring.add(which);
		expect(ring.replay("5-50-1")).toEqual(["5-50-2", "6-60"]);
	});

	it("starts at a position without an event", () => {
		const ring = new StreamRing();
		ring.history.note(id(5), ++ring.now);
		ring.add(id(6));
		expect(ring.history.has(id(5))).toBe(true);
		expect(ring.replay(id(5))).toEqual([id(6)]);
	});

	it("starts within a message whose offset is in the billions, where floating-point numbers get coarse", () => {
		const ring = new StreamRing();
		const ids = ["", "-1", "-2", "-3"].map(index => `${9_100_000_000_007}-50${index}`);
		for (const which of ids) ring.add(which);
		for (const [at, which] of ids.entries()) expect(ring.replay(which)).toEqual(ids.slice(at + 1));
	});

	it("contains only the new RabbitMQ stream, once the old one is gone", () => {
		const ring = new StreamRing();
		for (let n = 100; n < 110; n++) ring.add(id(n));
		const place = ring.history.resumeToken(ring.now);
		ring.history.restart("gw.another");
		for (let n = 1; n < 5; n++) ring.add(id(n, MADE + 5000));

		expect(ring.replay(id(2, MADE + 5000))).toEqual([3, 4].map(n => id(n, MADE + 5000)));
		for (const old of [id(105), id(109), id(2), place]) {
			expect(["unknown", "epoch"]).toContain(ring.replay(old));
		}
	});

	it("continues over a restart of the gateway, which reads again what it had", () => {
		const ring = new StreamRing();
		for (let n = 5; n < 10; n++) ring.add(id(n));
		const place = ring.history.resumeToken(ring.now);
		ring.add(id(10));
		ring.history.restart("gw.another");
		expect([ring.history.length, ring.history.bytes]).toEqual([0, 0]);
		for (let n = 3; n < 12; n++) ring.add(id(n));

		expect(ring.replay(id(9))).toEqual([id(10), id(11)]);
		expect(ring.replay(place)).toEqual([id(10), id(11)]);
	});

	it("agrees with a plain list, whatever arrived and is asked for", () => {
		const step = fc.record({
			skip: fc.constantFrom(1, 1, 2),
			events: fc.integer({ min: 1, max: 3 }),
			mine: fc.boolean()
		});
		fc.assert(
			fc.property(
				fc.array(step, { minLength: 1, maxLength: 40 }),
				fc.nat(),
				fc.constantFrom(5, 1000),
				(steps, which, maxAge) => {
					const ring = new StreamRing({ maxAge });
					const list: { id: string; mine: boolean }[] = [];
					let offset = 100;
					for (const { skip, events, mine } of steps) {
						offset += skip;
						for (let index = 0; index < events; index++) {
							const text = index === 0 ? id(offset) : `${id(offset)}-${index}`;
							ring.add(text, mine ? "s" : "t");
							list.push({ id: text, mine });
						}
					}
					const at = which % list.length;
					const kept = Math.max(0, list.length - 1 - maxAge);
					const answer = ring.replay(list[at]?.id as string);
					// the newest dropped event is still known by its id
					if (at < kept - 1) expect(answer).toBe("expired");
					else {
						const missed = list.slice(at + 1).filter(({ mine }) => mine);
						expect(answer).toEqual(missed.map(event => event.id));
					}
				}
			),
			{ numRuns: 1000 }
		);
	});
});

describe("continuity on a RabbitMQ stream that cannot be guaranteed", () => {
	it("is expired for what is older than what is kept", () => {
		const ring = new StreamRing();
		ring.add(id(50));
		expect(ring.replay(id(49))).toBe("expired");
	});

	it("is unknown for what is ahead, which may still arrive", () => {
		const ring = new StreamRing();
		ring.add(id(50));
		expect(ring.replay(id(51))).toBe("unknown");
		expect(ring.history.mayCome(id(51), "unknown")).toBe(true);
	});

	it("is epoch if another event has that offset: the RabbitMQ stream was created again", () => {
		const ring = new StreamRing();
		for (let n = 0; n < 10; n++) ring.add(id(n, MADE + 5000));
		expect(ring.replay(id(4))).toBe("epoch");
	});

	it("is gap if some messages were removed before they were read", () => {
		const ring = new StreamRing();
		ring.add(id(5));
		ring.history.markGap(ring.now);
		ring.add(id(500));
		expect(ring.replay(id(5))).toBe("gap");
		expect(ring.replay(id(500))).toEqual([]);
	});

	it.each(["", "5", "n.e.5", "5-x", `5-${"9".repeat(30)}`, "__proto__"])(
		"is unknown for what is not an id, and nothing is waited for: %j",
		forged => {
			const ring = new StreamRing();
			ring.add(id(5));
			expect(ring.replay(forged)).toBe("unknown");
			expect(ring.history.mayCome(forged, "unknown")).toBe(false);
		}
	);

	it("does not concern events outside the RabbitMQ stream, without an id: they are not replayed", () => {
		const ring = new StreamRing();
		ring.add(id(5));
		ring.add(undefined);
		ring.add(id(6));
		expect(ring.replay(id(5))).toEqual([id(6)]);
	});
});
