import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { TokenBucket } from "../../../../mixins/sse/core/limits/token-bucket.ts";

describe("a token bucket", () => {
	it("lets one second's worth pass at once, and then at its rate", () => {
		const tokenBucket = new TokenBucket(10);
		const passed = (now: number) =>
			Array.from({ length: 50 }, () => tokenBucket.take(now)).filter(Boolean);

		expect(passed(0)).toHaveLength(10);
		expect(passed(100)).toHaveLength(1);
		expect(passed(350)).toHaveLength(2);
		expect(passed(60_000)).toHaveLength(10);
	});

	it("never lets more pass than a second's worth and the elapsed time allow", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 1000 }),
				fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }),
				(perSecond, gaps) => {
					const tokenBucket = new TokenBucket(perSecond);
					let now = 0;
					let passed = 0;
					for (const gap of gaps) {
						now += gap;
						if (tokenBucket.take(now)) passed++;
					}
					expect(passed).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond + 1e-6);
				}
			)
		);
	});

	it("lets in a crowd of 20,000 at its rate: all of them, and none after more than twice the necessary time", () => {
		const tokenBucket = new TokenBucket(1000);
		/** Who arrives at which millisecond. */
		const arrivals = new Map<number, number[]>([[0, Array.from({ length: 20_000 }, (_, n) => n)]]);
		const tries = new Array<number>(20_000).fill(0);
		const opened: number[] = [];
		let now = 0;
		for (; opened.length < 20_000 && now < 120_000; now++) {
			for (const client of arrivals.get(now) ?? []) {
				tries[client] = (tries[client] ?? 0) + 1;
				if (tokenBucket.take(now)) {
					opened.push(now);
					continue;
				}
				const at = Math.ceil(now + tokenBucket.wait(now, 5000) * (1 + Math.random() / 2));
				arrivals.set(at, [...(arrivals.get(at) ?? []), client]);
			}
		}

		expect(opened).toHaveLength(20_000);
		for (let from = 0; from < now; from += 1000) {
			const inSecond = opened.filter(at => at >= from && at < from + 1000);
			expect(inSecond.length).toBeLessThanOrEqual(2001);
		}
		// at 1,000 per second it takes 19 seconds after the first wait
		expect(now).toBeLessThan(60_000);
		expect(Math.max(...tries)).toBeLessThan(6);
	});

	it("tells nobody to wait longer than a minute, however many come", () => {
		const tokenBucket = new TokenBucket(1);
		for (let n = 0; n < 100_000; n++) tokenBucket.wait(0, 5000);

		expect(tokenBucket.wait(0, 5000)).toBeLessThanOrEqual(60_000);
	});
});
