import { describe, expect, it } from "@jest/globals";
import { orderBySender } from "../../../../mixins/sse/bus/moleculer/id-order.ts";
import { encodeFrame } from "../../../../mixins/sse/core/event/frame.ts";
import { Slab } from "../../../../mixins/sse/core/event/slab.ts";
import { History } from "../../../../mixins/sse/core/history/history.ts";
import { createRandom } from "../../../chaos/random.ts";
import { held } from "../../../support/memory.ts";
import { Numbers } from "./numbers.ts";

const MAX_BYTES = 2 ** 24;
const random = createRandom(3);
const encoder = new TextEncoder();

/** What the events are like: bytes of the payload, who the n-th is for, and where it comes from. */
interface Kind {
	readonly bytes: () => number;
	readonly to: (n: number) => string | readonly string[];
	readonly origin?: (n: number) => string;
}

const KINDS: Record<string, Kind> = {
	"of one session": { bytes: () => 100, to: () => "session" },
	"of 10,000 sessions": { bytes: () => 100, to: n => `session-${n % 10_000}` },
	"of a session each": { bytes: () => 100, to: n => `session-${n}` },
	"of a session each, whose id is long": { bytes: () => 100, to: n => `${n}-`.padEnd(250, "é€") },
	"of three sessions each": { bytes: () => 100, to: n => [1, 2, 3].map(k => `${(n * k) % 9973}`) },
	"of an origin each": { bytes: () => 100, to: () => "session", origin: n => `node-${n}` },
	"of any size up to 50 KB": { bytes: () => 10 * 5000 ** random(), to: n => `${n % 100}` },
	// a slab holds four of these, and has room for nearly another
	"of 3.2 KB": { bytes: () => 3220, to: n => `${n % 100}` },
	"of 5.4 KB": { bytes: () => 5400, to: n => `${n % 100}` },
	"of 20 KB": { bytes: () => 20_000, to: n => `${n % 100}` }
};

describe("the bytes that a history counts", () => {
	it.each(Object.entries(KINDS))(
		"are those that it holds, within a seventh: events %s",
		async (_, kind) => {
			const { bytes, to, origin = () => "node" } = kind;
			const slab = new Slab();
			const options = { maxBytes: MAX_BYTES, maxAge: Number.POSITIVE_INFINITY, gateway: "gw" };
			const history = new History(options, orderBySender(new Numbers(), 0), slab);
			let n = 0;
			const append = () => {
				const id = `${origin(++n)}.epoch.${n}`;
				const event = { id, eventName: "news", sessionId: to(n), payload: null };
				const data = JSON.stringify("x".repeat(bytes()));
				// what no stream of this gateway gets is kept without its frame
				if (n % 3 === 0) history.append(event, encodeFrame({ id, event: "news", data }, slab), n);
				else history.appendBare(event, n % 2 === 0 ? data : encoder.encode(data), n);
			};
			append();
			const before = await held();
			while (history.length === n) append();
			for (const full = n; n < 2 * full; ) append();

			const really = (await held()).all - before.all;
			expect(history.bytes).toBeGreaterThan(0.98 * MAX_BYTES);
			expect(really / history.bytes).toBeGreaterThan(6 / 7);
			expect(really / history.bytes).toBeLessThan(8 / 7);
		}
	);
});
