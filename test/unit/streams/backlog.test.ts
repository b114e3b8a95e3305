import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Backlog, WAITING_BYTES } from "../../../mixins/sse/streams/backlog.ts";

const frame = (text: string) => new TextEncoder().encode(text);
/** Bytes that a number of frames counts, for a number of bytes in all. */
const cost = (frames: number, bytes: number) => frames * WAITING_BYTES + bytes;
const texts = (frames: Uint8Array[]) => frames.map(bytes => new TextDecoder().decode(bytes));

describe("a backlog", () => {
	it("returns what it took, in order, as much as is asked for and at least one frame", () => {
		const backlog = new Backlog();
		for (const text of ["1", "22", "333", "4"]) backlog.push(frame(text));
		expect(texts(backlog.take(0))).toEqual(["1"]);
		expect(texts(backlog.take(3))).toEqual(["22", "333"]);
		expect(texts(backlog.take(100))).toEqual(["4"]);
		expect(backlog.take(100)).toEqual([]);
		expect([backlog.bytes, backlog.isEmpty, backlog.takeLoss()]).toEqual([0, true, false]);
	});

	it("drops the oldest beyond its limit, never the newest, and reports that once", () => {
		const backlog = new Backlog();
		for (const text of ["1", "22", "333"]) backlog.push(frame(text));
		backlog.trim(cost(2, 5));
		expect([backlog.takeLoss(), backlog.takeLoss()]).toEqual([true, false]);
		backlog.trim(-7);
		expect(backlog.takeLoss()).toBe(true);
		expect(texts(backlog.take(100))).toEqual(["333"]);
	});

	it("keeps the newest of a key, in its own place", () => {
		const backlog = new Backlog();
		backlog.push(frame("a1"), "a");
		backlog.push(frame("x"));
		backlog.push(frame("b1"), "b");
		backlog.push(frame("a2"), "a");
		expect(texts(backlog.take(100))).toEqual(["x", "b1", "a2"]);
		expect(backlog.takeLoss()).toBe(false);
	});

	it("agrees with a plain list, whatever comes, is dropped and is taken", () => {
		const push = fc.record({
			key: fc.option(fc.constantFrom("a", "b", "0", "1", "__proto__"), { nil: undefined }),
			size: fc.integer({ min: 1, max: 20 })
		});
		const step = fc.oneof(
			{ weight: 4, arbitrary: push },
			fc.record({ trim: fc.integer({ min: -5, max: cost(5, 60) }) }),
			fc.record({ take: fc.integer({ min: 0, max: 40 }) })
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), steps => {
				const backlog = new Backlog();
				let list: { text: string; key: string | undefined; n: number }[] = [];
				const size = () => list.reduce((sum, { text }) => sum + cost(1, text.length), 0);
				/** Everything that was pushed and neither taken nor replaced: lost, if it is not in the list. */
				const received: number[] = [];
				let n = 0;
				let lost = false;
				for (const step of steps) {
					if ("size" in step) {
						const text = `${n}`.padEnd(step.size, ".");
						if (step.key !== undefined) list = list.filter(({ key }) => key !== step.key);
						list.push({ text, key: step.key, n: n++ });
						backlog.push(frame(text), step.key);
					} else if ("trim" in step) {
						while (list.length > 1 && size() > step.trim) {
							list.shift();
							lost = true;
						}
						backlog.trim(step.trim);
					} else {
						expect(backlog.takeLoss()).toBe(lost);
						lost = false;
						const taken: typeof list = [];
						let bytes = 0;
						while (list.length > 0 && (taken.length === 0 || bytes < step.take)) {
							const next = list.shift() as (typeof list)[number];
							bytes += next.text.length;
							taken.push(next);
						}
						expect(texts(backlog.take(step.take))).toEqual(taken.map(({ text }) => text));
						received.push(...taken.map(({ n }) => n));
					}
					expect(backlog.bytes).toBe(size());
					expect(backlog.isEmpty).toBe(list.length === 0);
				}
				// in the order of arrival, once each
				expect(received).toEqual([...new Set(received)].sort((a, b) => a - b));
			}),
			{ numRuns: 2000 }
		);
	});

	it("loses nothing silently: what a client misses was reported before what follows, or replaced after it", () => {
		const event = fc.record({
			key: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
			takes: fc.boolean()
		});
		fc.assert(
			fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), (events, leavesAt) => {
				const backlog = new Backlog();
				/** What reached the client, resets as null, until it left. */
				const got: (number | null)[] = [];
				const take = () => {
					if (backlog.takeLoss()) got.push(null);
					got.push(...texts(backlog.take(4)).map(Number));
				};
				for (const [n, { key, takes }] of events.entries()) {
					backlog.push(frame(`${n}`.padStart(4)), key);
					backlog.trim(cost(5, 20));
					if (takes && n < leavesAt) take();
				}
				// It comes back with the last id that it got, and gets a replay of what followed.
				const last = got.findLast(n => n !== null) ?? -1;
				for (let seen = 0; seen < last; seen++) {
					if (got.includes(seen)) continue;
					const key = events[seen]?.key;
					// reported at that place: a reset is between what came before and what came after
					const before = got.findLastIndex(n => n !== null && n < seen);
					const after = got.findIndex(n => n !== null && n > seen);
					const told = got.slice(before + 1, after).includes(null);
					const replaced =
						key !== undefined && events.some((other, n) => n > seen && other.key === key);
					expect(told || replaced).toBe(true);
				}
			}),
			{ numRuns: 2000 }
		);
	});
});
