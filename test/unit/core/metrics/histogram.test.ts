import { describe, expect, it, jest } from "@jest/globals";
import { CountedDeliveryTimes } from "../../../../mixins/sse/core/metrics/delivery-times.ts";
import { BOUNDS, Histogram } from "../../../../mixins/sse/core/metrics/histogram.ts";
import { onTestFinished } from "../../../support/on-test-finished.ts";

describe("values", () => {
	it("are counted by their size: each in one bucket, the largest in the last", () => {
		const counts = new Histogram();
		for (const value of [0.2, 1, 1.5, 10, 30_000, 30_001, 1e9]) counts.observe(value);

		const filled = counts.buckets.flatMap((count, index) =>
			count > 0 ? [[BOUNDS[index] ?? "more", count]] : []
		);
		expect(filled).toEqual([
			[1, 2],
			[2, 1],
			[10, 1],
			[30_000, 1],
			["more", 2]
		]);
		expect(counts).toMatchObject({ count: 7, last: 1e9 });
	});

	// A sender whose clock is fast would make sums fall, which Prometheus takes for a restart.
	it.each([-5, Number.NaN])("that are impossible count as 0: %d", value => {
		const counts = new Histogram();
		counts.observe(value);

		expect(counts).toMatchObject({ count: 1, sum: 0, last: 0 });
	});
});

describe("delivery times", () => {
	it("end for all that have begun, with one reading of the clock", () => {
		const counts = new Histogram();
		const times = new CountedDeliveryTimes(counts);
		const clock = jest.spyOn(Date, "now").mockReturnValue(1_000_010);
		onTestFinished(() => clock.mockRestore());
		times.begin(1_000_000);
		times.begin(undefined);
		times.begin(1_005_000);
		times.end();
		times.end();

		expect(counts).toMatchObject({ count: 2, sum: 10 });
	});

	it("are not taken for more than can be kept", () => {
		const counts = new Histogram();
		const times = new CountedDeliveryTimes(counts);
		for (let n = 0; n < 5000; n++) times.begin(Date.now());
		times.end();

		expect(counts.count).toBe(1000);
	});
});
