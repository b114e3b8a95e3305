import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { BoundedWaits } from "../../../../mixins/sse/moleculer/broadcast/bounded-waits.ts";
import { useFakeTimers } from "../../../support/fake-timers.ts";

describe("a promise that is waited for", () => {
	beforeEach(() => void useFakeTimers());
	afterEach(() => void jest.useRealTimers());

	it("gives its result if it comes in time", async () => {
		const boundedWaits = new BoundedWaits(1000);
		const failure = new Error("no connection");
		await expect(boundedWaits.wait(Promise.resolve(1))).resolves.toBe(1);
		await expect(boundedWaits.wait(Promise.reject(failure))).rejects.toBe(failure);
	});

	it("is waited for as long as it may take, and not much longer, whenever the wait began", async () => {
		const boundedWaits = new BoundedWaits(1000);
		const never = new Promise<never>(() => {});
		const began: number[] = [];
		const took: number[] = [];
		for (let n = 0; n < 50; n++) {
			began[n] = Date.now();
			void boundedWaits.wait(never).then(() => took.push(Date.now() - (began[n] as number)));
			await jest.advanceTimersByTimeAsync(37);
		}
		await jest.advanceTimersByTimeAsync(2000);
		expect(took).toHaveLength(50);
		expect(Math.min(...took)).toBeGreaterThanOrEqual(1000);
		expect(Math.max(...took)).toBeLessThanOrEqual(1500);
	});

	it("takes no timer while there is nothing to wait for", async () => {
		const boundedWaits = new BoundedWaits(1000);
		await boundedWaits.wait(Promise.resolve());
		expect(jest.getTimerCount()).toBe(1);
		await jest.advanceTimersByTimeAsync(2000);
		expect(jest.getTimerCount()).toBe(0);
	});
});
