import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import { eventually } from "../../support/eventually.ts";
import { block } from "../../support/processes/block.ts";
import { runningTime } from "../../support/running-time.ts";

it("time that something waits counts, time in which the process cannot run does not", async () => {
	const busy = async () => {
		for (let n = 0; n < 5; n++) {
			block(100);
			await sleep(1);
		}
	};

	expect(await runningTime(busy)).toBeLessThan(300);
	await eventually(async () => {
		expect(await runningTime(() => sleep(200))).toBeGreaterThan(150);
	});
});

it("what takes that time may fail", async () => {
	await expect(runningTime(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
});
