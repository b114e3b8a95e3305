import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Loss } from "../../../../../mixins/sse/bus/loss.ts";
import type { PositionReport } from "../../../../../mixins/sse/bus/moleculer/position-report.ts";
import {
	LONGEST,
	PATIENCE
} from "../../../../../mixins/sse/bus/moleculer/tracking/missing-events.ts";
import type { ReportContext } from "../../../../../mixins/sse/bus/moleculer/tracking/report-context.ts";
import { SequenceTracker } from "../../../../../mixins/sse/bus/moleculer/tracking/sequence-tracker.ts";

const LIFE = "aaaaaaaa";
const NEXT_LIFE = "bbbbbbbb";

const SAID: PositionReport = {
	...{ epoch: LIFE, seq: 0, age: 0, up: 0, isEnd: false },
	...{ next: 0, answers: [], apart: [], gone: [], here: [] }
};

type Said = Partial<PositionReport> & ReportContext;

/** A gateway's end of the bus, which a test feeds. */
class Gateway {
	readonly told: (number | string)[] = [];
	/** Numbers of the events for which it throws. */
	readonly fails = new Set<number>();
	readonly losses: Loss[] = [];
	onLost: () => void = () => {};
	/** Whether nothing was suspected when each event was passed on. */
	readonly wasWhole: boolean[] = [];
	readonly tracker: SequenceTracker<number> = new SequenceTracker({
		handOn: seq => {
			if (this.fails.has(seq)) throw new Error(`no ${seq}`);
			this.told.push(seq);
			this.wasWhole.push(this.tracker.isWhole);
		},
		lost: loss => {
			this.told.push("lost");
			this.losses.push(loss);
			this.onLost();
		},
		failed: error => this.told.push(String(error)),
		replaced: () => void this.replaced++
	});
	now = 1000;
	/** Number of times at which one life replaced another. */
	replaced = 0;
	/** Whether the last report was about the node's present life. */
	isOfPresent = true;

	/** Events of one node, by number. */
	take(...seqs: number[]): this {
		return this.of(LIFE, ...seqs);
	}

	of(epoch: string, ...seqs: number[]): this {
		for (const seq of seqs) {
			this.tracker.observe({ origin: "n", epoch, seq }, seq, this.now, 10);
		}
		return this;
	}

	hear(seq: number, said: Said = {}): this {
		const report = { ...SAID, ...said, seq };
		this.isOfPresent = this.tracker.hear("n", report, this.now, said);
		return this;
	}

	/** Time passes. */
	wait(milliseconds = PATIENCE): this {
		this.now += milliseconds;
		this.tracker.decide(this.now);
		return this;
	}
}

describe("events of a sender", () => {
	it("are passed on as they arrive, and duplicates are not", () => {
		const gateway = new Gateway().take(1, 2, 2, 3, 1);
		expect(gateway.told).toEqual([1, 2, 3]);
		expect(gateway.tracker.isWhole).toBe(true);
		expect(gateway.tracker.lives.position("n", LIFE)).toEqual({ epoch: LIFE, seq: 3 });
		expect(gateway.tracker.lives.position("m", LIFE)).toBeUndefined();
	});

	it("that overtake others wait for them, and are passed on in order", () => {
		const gateway = new Gateway().take(1, 4, 3);
		expect(gateway.told).toEqual([1]);
		expect(gateway.tracker.isWhole).toBe(false);
		gateway.wait(PATIENCE - 1).take(2);
		expect(gateway.told).toEqual([1, 2, 3, 4]);
		expect(gateway.tracker.isWhole).toBe(true);
		expect(gateway.tracker.nextDecision).toBe(Number.POSITIVE_INFINITY);
	});

	it("that do not arrive in time are lost, once, before those after them", () => {
		const gateway = new Gateway().take(1, 4, 5);
		expect(gateway.tracker.nextDecision).toBe(1000 + PATIENCE);
		gateway.wait();
		expect(gateway.told).toEqual([1, "lost", 4, 5]);
		expect(gateway.losses).toEqual([{ origin: "n", upTo: 3, before: 1000, isEarlier: false }]);
		expect(gateway.take(2, 3, 6).told.slice(4)).toEqual([6]);
	});

	// Packets that a busy machine compresses arrive one after the other, the last of them after more than a moment.
	it("are waited for longer while missing ones arrive, but not for ever", () => {
		const gateway = new Gateway().take(7, 1);
		for (const seq of [2, 3]) gateway.wait(PATIENCE - 1).take(seq);
		expect(gateway.losses).toEqual([]);
		for (const seq of [4, 5]) gateway.wait(PATIENCE - 1).take(seq);
		gateway.wait(LONGEST - 4 * (PATIENCE - 1));
		expect(gateway.told).toEqual([1, 2, 3, 4, 5, "lost", 7]);
	});

	// A burst of large events that a middleware compresses, and small ones that it leaves alone and that overtake them all.
	it("are waited for longer while other overtaken ones arrive, but not while later ones do", () => {
		const burst = new Gateway().take(1, 4, 7, 10);
		for (const seq of [9, 6, 3, 8, 5, 2]) burst.wait(PATIENCE - 1).take(seq);
		expect(burst.told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

		const flow = new Gateway().take(1);
		for (const seq of [3, 4, 5]) flow.take(seq).wait(PATIENCE / 2);
		expect(flow.told).toEqual([1, "lost", 3, 4, 5]);
	});

	// An event that its sender had reported arrived; those before it were waited for only half a second from the sender's
	// report on.
	it("are waited for longer while those that their sender has reported arrive, including the newest", () => {
		const gateway = new Gateway().take(1).hear(6);
		gateway
			.wait(PATIENCE - 1)
			.take(5)
			.wait(PATIENCE - 1)
			.take(2, 3, 4, 6);
		expect(gateway.told).toEqual([1, 2, 3, 4, 5, 6]);
	});

	it("are given up one hole at a time, each when its own time is over", () => {
		const gateway = new Gateway()
			.take(2)
			.wait(100)
			.take(4)
			.wait(PATIENCE - 100);
		expect(gateway.told).toEqual(["lost", 2]);
		expect(gateway.take(3).told.slice(2)).toEqual([3, 4]);
	});

	it("are whole as long as the next one is not known to be missing", () => {
		const gateway = new Gateway().take(1, 3, 5, 2, 4);
		expect(gateway.told).toEqual([1, 2, 3, 4, 5]);
		expect(gateway.wasWhole).toEqual([true, true, false, true, true]);
	});

	it("that wait are bounded: beyond that the missing ones are lost at once", () => {
		const gateway = new Gateway();
		for (let seq = 2; seq < 10_003; seq++) gateway.take(seq);
		expect(gateway.losses).toHaveLength(1);
		expect(gateway.told).toHaveLength(10_002);
		const large = new Gateway();
		for (const seq of [2, 3]) {
			large.tracker.observe({ origin: "n", epoch: LIFE, seq }, seq, large.now, 2 ** 23 + 1);
		}
		expect(large.told).toEqual(["lost", 2, 3]);
	});

	it("that are missing in several places are lost as one, before all those after them", () => {
		const gateway = new Gateway();
		for (let seq = 2; seq < 20_000; seq += 2) gateway.take(seq);
		gateway.wait();
		expect(gateway.told).toEqual(["lost", ...Array.from({ length: 9999 }, (_, n) => 2 * (n + 1))]);
	});

	// What had waited behind it was lost as well, and none of it was reported.
	it("for which a gateway throws are lost and reported, and do not hold up those after them", () => {
		const gateway = new Gateway();
		gateway.fails.add(2);
		gateway.take(1, 3, 4, 2, 5);
		expect(gateway.told).toEqual([1, "Error: no 2", "lost", 3, 4, 5]);
		expect(gateway.losses[0]).toMatchObject({ upTo: 2, before: Number.POSITIVE_INFINITY });
	});

	// A reset was given a resume token while a later event was missing as well.
	it("are not whole when one hole is reported and another one is left", () => {
		const gateway = new Gateway()
			.take(1, 3)
			.wait(PATIENCE - 50)
			.take(5);
		const whole: boolean[] = [];
		gateway.onLost = () => whole.push(gateway.tracker.isWhole);
		gateway.wait(50);
		expect(gateway.told).toEqual([1, "lost", 3]);
		gateway.wait(PATIENCE - 50);
		expect(gateway.told).toEqual([1, "lost", 3, "lost", 5]);
		expect(whole).toEqual([false, true]);
	});

	// What was missing after the sender's reported position was given up with it, before its own time, and dated as if it had
	// been sent by then: nobody who had come since was told.
	it("are given up each at its own time, those that their sender reported and those after them", () => {
		const gateway = new Gateway()
			.take(1)
			.hear(2, { age: 100 })
			.wait(PATIENCE - 50)
			.take(4);
		expect(gateway.tracker.nextDecision).toBe(gateway.now + 50);
		gateway.wait(50);
		expect(gateway.told).toEqual([1, "lost"]);
		expect(gateway.losses).toMatchObject([{ upTo: 2, before: 900 }]);
		expect(gateway.tracker.nextDecision).toBe(gateway.now + PATIENCE - 50);
		gateway.wait(PATIENCE - 50);
		expect(gateway.told).toEqual([1, "lost", "lost", 4]);
		expect(gateway.losses[1]).toMatchObject({ upTo: 3, before: 1000 + PATIENCE - 50 });

		const overtaken = new Gateway()
			.take(1)
			.hear(2)
			.wait(PATIENCE - 50)
			.take(4)
			.wait(50)
			.take(3);
		expect(overtaken.told).toEqual([1, "lost", 3, 4]);
	});

	// A report that was overtaken by a later event was not believed about how long ago the earlier ones had been sent.
	it("were sent when their sender says, even if a later one arrives before it says so", () => {
		const gateway = new Gateway().take(57).hear(56, { age: 900 }).wait();
		expect(gateway.losses).toMatchObject([{ upTo: 56, before: 100 }]);
	});

	it("are given up where most wait when there are too many, and not where one has just arrived early", () => {
		const gateway = new Gateway().take(1);
		const other = (seq: number) =>
			gateway.tracker.observe({ origin: "m", epoch: LIFE, seq }, seq, gateway.now, 10);
		other(1);
		for (let seq = 3; seq < 10_003; seq++) other(seq);
		expect(gateway.told).toEqual([1, 1]);
		gateway.take(3);
		expect(gateway.losses).toMatchObject([{ origin: "m", upTo: 2 }]);
		expect(gateway.take(2).told.slice(-2)).toEqual([2, 3]);
	});

	it("are remembered for a bounded number of senders", () => {
		const { tracker } = new Gateway();
		for (let n = 0; n < 10_001; n++) {
			tracker.observe({ origin: `n${n}`, epoch: LIFE, seq: 1 }, n, 0, 0);
		}
		expect(tracker.lives.position("n0", LIFE)).toBeUndefined();
		expect(tracker.lives.position("n10000", LIFE)).toBeDefined();
	});
});

describe("a sender that reports its position", () => {
	it("before its first event has sent all of that to others, and is counted from there", () => {
		const gateway = new Gateway().hear(56, { age: 900 }).take(57, 56);
		expect(gateway.told).toEqual(["lost", 57]);
		expect(gateway.losses).toEqual([{ origin: "n", upTo: 56, before: 100, isEarlier: true }]);
	});

	// An answer that overtook an event made it count as lost, and it was dropped when it arrived.
	it("right after an event may have overtaken it: the event is waited for, and passed on", () => {
		const gateway = new Gateway().hear(56, { age: 10 });
		expect(gateway.tracker.isWhole).toBe(false);
		gateway.wait(20).take(56).take(57);
		expect(gateway.told).toEqual([]);
		gateway.wait();
		expect(gateway.told).toEqual(["lost", 56, 57]);
		expect(gateway.losses).toEqual([{ origin: "n", upTo: 55, before: 990, isEarlier: true }]);
		expect(gateway.take(59).wait().losses[1]).toMatchObject({ upTo: 58, isEarlier: false });
	});

	it("adds nothing about missing events by reporting the same position again when later events have arrived", () => {
		const gateway = new Gateway().hear(56, { age: 10 }).wait(100).take(57, 58);
		gateway.hear(58, { age: 0 }).wait();
		expect(gateway.told).toEqual(["lost", 57, 58]);
		expect(gateway.losses).toEqual([{ origin: "n", upTo: 56, before: 990, isEarlier: true }]);
	});

	it("right after its first events has lost none of them if all arrive", () => {
		const gateway = new Gateway().hear(2, { age: 10 }).take(1, 2).wait();
		expect(gateway.told).toEqual([1, 2]);
		expect(gateway.take(4).wait().losses).toMatchObject([{ upTo: 3, isEarlier: false }]);
	});

	it("right after an event that only others get counts it as lost a moment later", () => {
		const gateway = new Gateway().hear(56, { age: 10 }).wait().take(57);
		expect(gateway.told).toEqual(["lost", 57]);
		expect(gateway.losses).toEqual([{ origin: "n", upTo: 56, before: 990, isEarlier: true }]);
	});

	it("without having sent anything has lost nothing", () => {
		expect(new Gateway().hear(0).take(1).told).toEqual([1]);
	});

	// Over most transporters nothing followed an outage, and the last lost events were never reported.
	it("shows the loss of the last events, even if nothing follows", () => {
		const gateway = new Gateway().take(1).hear(3, { age: 700 });
		expect(gateway.tracker.isWhole).toBe(false);
		gateway.wait(PATIENCE - 1);
		expect(gateway.told).toEqual([1]);
		gateway.wait(1);
		expect(gateway.told).toEqual([1, "lost"]);
		expect(gateway.losses[0]).toMatchObject({ upTo: 3, before: 300 });
		expect(gateway.hear(3).wait().take(4).told.slice(2)).toEqual([4]);
	});

	it("is waited for while its events may be on their way", () => {
		const gateway = new Gateway().take(1).hear(3).take(2, 3).wait();
		expect(gateway.told).toEqual([1, 2, 3]);
		expect(gateway.wasWhole).toEqual([true, false, true]);
	});

	it("adds nothing by what is known already", () => {
		const gateway = new Gateway().take(1, 2).hear(1).hear(2).wait();
		expect(gateway.told).toEqual([1, 2]);
	});
});

describe("a sender that begins another life", () => {
	// Nobody reported what a sender sent while the bus was away, and before it ended.
	it("may have sent more in the one before", () => {
		const gateway = new Gateway().take(1).of(NEXT_LIFE, 1);
		expect(gateway.told).toEqual([1, "lost", 1]);
		expect(gateway.losses[0]).toEqual({
			origin: "n",
			before: 1000,
			isEarlier: false,
			isKnown: false
		});
	});

	it("has not if it reported where that one ended, and everything before has arrived", () => {
		expect(new Gateway().take(1, 2).hear(2, { isEnd: true }).of(NEXT_LIFE, 1).told).toEqual([
			...[1, 2, 1]
		]);
		expect(new Gateway().take(1).hear(2, { isEnd: true }).of(NEXT_LIFE, 1).told).toEqual([
			...[1, "lost", 1]
		]);
		const goesOn = new Gateway().take(1).hear(1, { isEnd: true }).take(2).of(NEXT_LIFE, 1);
		expect(goesOn.told).toEqual([1, 2, "lost", 1]);
	});

	it("has sent the lost events before its birth, if that is known", () => {
		const gateway = new Gateway()
			.take(1)
			.wait(5000)
			.hear(2, { epoch: NEXT_LIFE, age: 10, up: 900 })
			.wait();
		expect(gateway.losses).toEqual([
			{ origin: "n", before: 5100, isEarlier: false, isKnown: false },
			{ origin: "n", upTo: 2, before: 5990, isEarlier: true }
		]);
	});

	it("first passes on what waited in the one before; what arrives of that one later is already lost", () => {
		const gateway = new Gateway().take(1, 3).of(NEXT_LIFE, 1).take(2, 4).of(NEXT_LIFE, 2);
		expect(gateway.told).toEqual([1, "lost", 3, 1, 2]);
	});

	it("or leaves without a report may have sent more, which is reported once", () => {
		const gateway = new Gateway().take(1);
		gateway.tracker.leave("n", 2000);
		gateway.tracker.leave("n", 3000);
		gateway.tracker.leave("unknown", 3000);
		expect(gateway.told).toEqual([1, "lost"]);
		expect(gateway.of(NEXT_LIFE, 1).told.slice(2)).toEqual([1]);
	});

	// It was cut off from one gateway alone and reported there as ended, and went on sending to others until it was restarted:
	// nobody was told of that.
	it("after it was given up may have lived on, and sent more until then", () => {
		const gateway = new Gateway().take(1);
		gateway.tracker.leave("n", gateway.now);
		gateway.wait(20_000).hear(0, { epoch: NEXT_LIFE, up: 5000 });
		expect(gateway.losses).toMatchObject([{ before: 1000 }, { before: 16_000 }]);

		const again = new Gateway().take(1).wait(20_000);
		again.tracker.leave("n", again.now);
		// born before that
		again.wait(5000).hear(0, { epoch: NEXT_LIFE, up: 5000 });
		expect(again.losses).toHaveLength(1);
	});

	// It was reported as ended, and lived on. What arrived late of it after its next process had begun was taken for reported
	// as well.
	it("after it was reported as ended, and has been heard again, is reported once more if something arrives late", () => {
		const gateway = new Gateway().hear(0);
		gateway.tracker.leave("n", gateway.now, true);
		gateway.hear(0).hear(0, { epoch: NEXT_LIFE });
		expect(gateway.losses).toHaveLength(1);
		gateway.take(1);
		expect(gateway.losses).toHaveLength(2);
	});

	it("may have sent something for the first time while this gateway was away", () => {
		const gateway = new Gateway().hear(0);
		gateway.tracker.lives.away();
		expect(gateway.of(NEXT_LIFE, 1).told).toEqual(["lost", 1]);
		const heardAgain = new Gateway().hear(0);
		heardAgain.tracker.lives.away();
		expect(heardAgain.hear(0).of(NEXT_LIFE, 1).told).toEqual([1]);
	});

	it("has ended where it said, even if its last event arrives after that", () => {
		const gateway = new Gateway().take(1).hear(2, { isEnd: true }).take(2);
		gateway.tracker.leave("n", 2000);
		expect(gateway.of(NEXT_LIFE, 1).told).toEqual([1, 2, 1]);
	});

	it.each([
		["is not known", new Gateway()],
		["had sent nothing", new Gateway().hear(0)],
		["had said that it ended", new Gateway().take(1).hear(1, { isEnd: true })]
	])("and leaves before it has answered may have sent something, though it %s", (_, gateway) => {
		const before = gateway.losses.length;
		gateway.tracker.leave("n", 2000, true);
		expect(gateway.losses.slice(before)).toMatchObject([{ origin: "n", before: 2000 }]);
	});

	// A node that was given up, and had only been out of reach, was taken for one that had reported its end: its next life
	// reported nothing.
	it.each([
		["an event", (gateway: Gateway) => gateway.take(2)],
		["what it says", (gateway: Gateway) => gateway.hear(1, { up: 600 })]
	])("was not over if %s arrives after it was given up, and may be given up again", (_, come) => {
		const gateway = new Gateway().take(1);
		gateway.tracker.leave("n", 2000);
		const before = come(gateway).losses.length;
		gateway.tracker.leave("n", 3000);
		expect(gateway.losses.slice(before)).toMatchObject([{ before: 3000 }]);
	});

	// Its reported end hid what it sent after it had been started again in the same process.
	it("has not ended if it reports later in the same life, and has if that report is an earlier one", () => {
		const again = new Gateway().take(1).hear(1, { isEnd: true, up: 500 }).hear(1, { up: 600 });
		expect(again.tracker.lives.hasEnded("n")).toBe(false);
		const late = new Gateway().take(1).hear(1, { isEnd: true, up: 500 }).hear(1, { up: 400 });
		expect(late.tracker.lives.hasEnded("n")).toBe(true);
	});

	// It was sent before the process was killed, and was held in a buffer; the next process had a faster connection. The former
	// one was known to have sent nothing.
	it.each([
		["an event", (gateway: Gateway) => gateway.take(1)],
		["what it says", (gateway: Gateway) => gateway.hear(2, { age: 700 })]
	])(
		"had sent something in the one before if %s arrives late, which is reported once",
		(_, late) => {
			const gateway = late(new Gateway().hear(0).of(NEXT_LIFE, 1).wait(900));
			expect(gateway.told).toEqual([1, "lost"]);
			expect(late(gateway).take(2).told).toEqual([1, "lost"]);
			expect(gateway.of(NEXT_LIFE, 2).told.slice(2)).toEqual([2]);
		}
	);

	it("had not sent more in the one before if what arrives late was here already", () => {
		const gateway = new Gateway().take(1).hear(1, { isEnd: true }).of(NEXT_LIFE, 1).take(1).hear(1);
		expect(gateway.told).toEqual([1, 1]);
	});

	// A process that had failed during its start was heard late, after the one that had followed it: that one was ignored from
	// then on, for ever and silently.
	it("goes on when it is known to be the present one, even if a former one's report arrives after it", () => {
		const gateway = new Gateway().of(NEXT_LIFE, 1).hear(0);
		expect(gateway.replaced).toBe(1);
		gateway.of(NEXT_LIFE, 2);
		expect(gateway.told).toEqual([1, "lost"]);
		gateway.hear(2, { epoch: NEXT_LIFE, life: "present" });
		expect(gateway.isOfPresent).toBe(true);
		expect(gateway.replaced).toBe(1);
		gateway.wait().of(NEXT_LIFE, 3);
		expect(gateway.told).toEqual([1, "lost", "lost", 3]);
	});

	it("is not taken for ended by the end of a former one, whether that one was known or not", () => {
		const known = new Gateway().take(1).hear(1, { isEnd: true, life: "former" });
		expect(known.isOfPresent).toBe(false);
		expect(known.of(NEXT_LIFE, 1).told).toEqual([1, 1]);
		const unknown = new Gateway().of(NEXT_LIFE, 1).hear(0, { isEnd: true, life: "former" });
		expect(unknown.of(NEXT_LIFE, 2).told).toEqual([1, 2]);
		expect(unknown.tracker.lives.hasEnded("n")).toBe(false);
		const unheard = new Gateway().of(NEXT_LIFE, 1).hear(3, { isEnd: true, life: "former" });
		expect(unheard.told).toEqual([1, "lost"]);
	});

	// All its sequences report the same age at one time. The end of the second one stayed, and the process could die unnoticed.
	it("has been started again in each of its sequences", () => {
		const group = `${LIFE}0`;
		const gateway = new Gateway().take(1).of(group, 1);
		for (const epoch of [LIFE, group]) gateway.hear(1, { epoch, isEnd: true, up: 500 });
		for (const epoch of [LIFE, group]) gateway.hear(1, { epoch, up: 900 });
		expect(gateway.tracker.lives.isComplete("n")).toBe(false);
		gateway.tracker.leave("n", 2000);
		expect(gateway.losses).toHaveLength(1);
	});

	it("has not ended by what it reported before it was started again", () => {
		const gateway = new Gateway().take(1).hear(1, { up: 600 }).hear(1, { isEnd: true, up: 500 });
		expect(gateway.tracker.lives.hasEnded("n")).toBe(false);
	});

	// A late report of the former process was taken for the answer of the one that had replaced it.
	it("reports nothing of that one by what arrives late of the one before", () => {
		const gateway = new Gateway().take(1).of(NEXT_LIFE, 1).hear(1);
		expect(gateway.isOfPresent).toBe(false);
		expect(gateway.hear(1, { epoch: NEXT_LIFE }).isOfPresent).toBe(true);
	});

	// A report sent before an outage, which arrived after it, counted as news of what was sent meanwhile.
	it("is known to have sent nothing only by what it reports after this gateway was away", () => {
		const gateway = new Gateway().hear(0);
		gateway.tracker.lives.away();
		expect(gateway.hear(0, { isCurrent: false }).tracker.lives.isFresh("n")).toBe(false);
		expect(gateway.hear(0).tracker.lives.isFresh("n")).toBe(true);
	});

	// Early events that arrived before any report were dropped by the report of the position.
	it("or whose first event arrives early and before its report loses nothing by that", () => {
		const gateway = new Gateway().take(2).hear(2, { age: 9000 }).take(1);
		expect(gateway.told).toEqual([1, 2]);
	});

	it("or leaves has lost nothing if it had sent nothing", () => {
		const gateway = new Gateway().hear(0);
		gateway.tracker.leave("n", 2000);
		expect(gateway.of(NEXT_LIFE, 1).told).toEqual([1]);
	});

	it("keeps its sequences for groups separate", () => {
		const gateway = new Gateway().take(1).of(`${LIFE}0`, 1, 2).take(2).of(`${LIFE}1`, 1);
		expect(gateway.told).toEqual([1, 1, 2, 2, 1]);
	});
});

describe("whatever a bus does to a sender's events and reports,", () => {
	interface Arriving {
		readonly at: number;
		readonly take: (gateway: Gateway) => void;
	}

	const event = fc.record({
		isLost: fc.boolean(),
		copies: fc.array(fc.integer({ min: 0, max: 2 * PATIENCE }), { minLength: 1, maxLength: 2 })
	});

	it("each event is passed on at most once, in order; and what is not is reported, if the sender reports its position", () => {
		fc.assert(
			fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), events => {
				const gateway = new Gateway();
				const arriving: Arriving[] = [];
				for (const [index, { isLost, copies }] of events.entries()) {
					const sentAt = 1000 + index * 20;
					if (isLost) continue;
					for (const delay of copies) {
						arriving.push({ at: sentAt + delay, take: gateway => gateway.take(index + 1) });
					}
				}
				const end = 1000 + events.length * 20 + 3 * PATIENCE;
				arriving.push({ at: 1000, take: gateway => gateway.hear(0) });
				arriving.push({ at: end, take: gateway => gateway.hear(events.length) });
				for (const { at, take } of arriving.sort((a, b) => a.at - b.at)) {
					gateway.wait(Math.max(0, at - gateway.now));
					take(gateway);
				}
				gateway.wait();

				const handedOn = gateway.told.filter(item => typeof item === "number");
				expect(handedOn).toEqual([...new Set(handedOn)].sort((a, b) => a - b));
				expect(gateway.tracker.isWhole).toBe(true);
				const known = new Set(handedOn);
				const lastLost = events.findLastIndex((_, index) => !known.has(index + 1)) + 1;
				const told = gateway.losses.map(({ upTo = 0 }) => upTo);
				expect(Math.max(0, ...told)).toBe(lastLost);
				// Only what was lost is reported as lost, one hole each.
				for (const upTo of told) expect(known.has(upTo)).toBe(false);
				// What is overtaken by less than the patience is not lost.
				const inTime = events.every(
					({ isLost, copies }) => !isLost && Math.min(...copies) < PATIENCE / 2
				);
				if (inTime) expect(gateway.losses).toEqual([]);
			}),
			{ numRuns: 500 }
		);
	});

	/** What a sender does, and a gateway's pages. */
	const step = fc.record({
		after: fc.integer({ min: 0, max: 300 }),
		what: fc.constantFrom("send", "say", "open"),
		isLost: fc.boolean(),
		delay: fc.integer({ min: 0, max: 400 })
	});

	// A page that had been opened between two lost events was not told of the second one.
	it("each page gets what is sent after its opening, or is told", () => {
		fc.assert(
			fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), steps => {
				const gateway = new Gateway();
				const arriving: Arriving[] = [];
				const sentAt: number[] = [];
				const pages: { at: number; since: number; toldAt: number }[] = [];
				gateway.onLost = () => {
					const { before } = gateway.losses.at(-1) as Loss;
					for (const page of pages) {
						if (page.since < before) page.since = page.toldAt = gateway.now;
					}
				};
				const say = (at: number, isLost = false, delay = 0) => {
					const seq = sentAt.length;
					const age = at - (sentAt.at(-1) ?? at);
					if (!isLost) arriving.push({ at: at + delay, take: to => to.hear(seq, { age }) });
				};
				let now = 1000;
				say(now);
				for (const { after, what, isLost, delay } of steps) {
					now += after;
					if (what === "say") say(now, isLost, delay);
					if (what === "open") {
						const at = now;
						arriving.push({ at, take: () => pages.push({ at, since: at, toldAt: 0 }) });
					}
					if (what !== "send") continue;
					sentAt.push(now);
					const seq = sentAt.length;
					if (!isLost) arriving.push({ at: now + delay, take: to => to.take(seq) });
				}
				say(now + 10_000);
				const cameAt = new Map<number, number>();
				for (const { at, take } of arriving.sort((a, b) => a.at - b.at)) {
					// each decision at its time
					while (gateway.tracker.nextDecision < at) {
						gateway.wait(Math.max(0, gateway.tracker.nextDecision - gateway.now));
					}
					gateway.wait(Math.max(0, at - gateway.now));
					take(gateway);
					for (const seq of gateway.told) {
						if (typeof seq === "number" && !cameAt.has(seq)) cameAt.set(seq, gateway.now);
					}
				}
				gateway.wait();
				for (const [index, at] of sentAt.entries()) {
					const came = cameAt.get(index + 1) ?? Number.NEGATIVE_INFINITY;
					for (const page of pages) {
						if (at <= page.at || came >= page.at) continue;
						expect(page.toldAt).toBeGreaterThanOrEqual(at);
					}
				}
			}),
			{ numRuns: 3000 }
		);
	});
});
