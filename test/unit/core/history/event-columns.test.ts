import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Queue } from "../../../../mixins/sse/core/collections/queue.ts";
import { AddressIndex } from "../../../../mixins/sse/core/history/address-index.ts";
import { EventColumns, type Row } from "../../../../mixins/sse/core/history/event-columns.ts";
import { held } from "../../../support/memory.ts";

const encoder = new TextEncoder();
const lists = new AddressIndex();
const origin = { name: "n.e", rows: new Queue<number>(), late: new Map<number, number>() };

/** A row that differs from every other one in all its values. */
function rowOf(n: number): Row {
	const hasId = n % 3 !== 0;
	return {
		position: 2 * n + 1,
		at: n / 4,
		sortKey: hasId
			? { origin: "n.e", number: 2 ** 40 + n, index: n % 7, stamp: 1e12 + n }
			: undefined,
		origin: hasId ? origin : undefined,
		lists: Array.from({ length: n % 4 }, (_, list) => lists.of(`s${list}`, `a${n % 5}`)),
		cost: 100 + n,
		// not at the beginning of its buffer
		kept: encoder.encode(`before frame ${n}`).subarray("before ".length),
		isBare: n % 2 === 0
	};
}

/** All rows, oldest first. */
function rowsOf(columns: EventColumns): Row[] {
	return Array.from({ length: columns.length }, (_, index) => {
		const row = columns.first + index;
		return {
			position: columns.positionOf(row),
			at: columns.timeOf(row),
			sortKey: columns.sortKeyOf(row),
			origin: columns.originOf(row),
			lists: columns.listsOf(row),
			cost: columns.costOf(row),
			kept: columns.keptOf(row),
			isBare: columns.isBare(row)
		};
	});
}

describe("the columns", () => {
	it("agree with a plain list, whatever is added and dropped, page after page", () => {
		const step = fc.record({ pushes: fc.nat(2500), shifts: fc.nat(2500), clears: fc.nat(9) });
		fc.assert(
			fc.property(fc.array(step, { maxLength: 6 }), steps => {
				const columns = new EventColumns();
				const list: Row[] = [];
				let count = 0;
				for (const { pushes, shifts, clears } of steps) {
					for (let n = 0; n < pushes; n++) {
						const row = rowOf(count++);
						expect(columns.push(row)).toBe(columns.end - 1);
						list.push(row);
					}
					for (let n = Math.min(shifts, list.length); n > 0; n--) {
						columns.shift();
						list.shift();
					}
					if (clears === 0) {
						columns.clear();
						list.length = 0;
					}
				}
				expect(rowsOf(columns)).toEqual(list);
				const half = list[list.length >> 1];
				if (half === undefined) return;
				const row = columns.lowerBound(row => columns.positionOf(row) < half.position);
				expect(columns.positionOf(row)).toBe(half.position);
			}),
			{ numRuns: 30 }
		);
	});

	// A view of each frame that was asked for was kept: a hundred bytes, which nobody counted.
	it("hold no more for having been read", async () => {
		const columns = new EventColumns();
		const row = rowOf(1);
		for (let n = 0; n < 50_000; n++) columns.push(row);
		const before = await held();
		for (let n = 0; n < 50_000; n++) expect(columns.keptOf(n).byteLength).toBe(row.kept.byteLength);

		expect((await held()).all - before.all).toBeLessThan(2 ** 20);
	});

	it("hold nothing of what was dropped", async () => {
		const columns = new EventColumns();
		const gone = new FinalizationRegistry<string>(what => collected.add(what));
		const collected = new Set<string>();
		const push = (what: string) => {
			const kept = new Uint8Array(100_000);
			gone.register(kept.buffer, what);
			columns.push({ ...rowOf(1), kept });
			columns.keptOf(columns.end - 1);
		};
		push("shifted");
		push("kept");
		columns.shift();
		for (let n = 0; n < 20 && collected.size === 0; n++) {
			globalThis.gc?.();
			await new Promise(resolve => setTimeout(resolve, 10));
		}
		expect([...collected]).toEqual(["shifted"]);
	});
});
