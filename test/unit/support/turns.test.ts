import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import { onTestFinished } from "../../support/on-test-finished.ts";
import { block } from "../../support/processes/block.ts";
import { Turns } from "../../support/turns.ts";

it("what one turn computes is reported, and what many compute together is not", async () => {
	const turns = new Turns();
	onTestFinished(() => turns.stop());
	for (let n = 0; n < 20; n++) {
		block(15);
		await sleep(15);
	}
	const together = turns.takeLongest();
	const before = process.threadCpuUsage();
	// on a busy machine a moment computes for less than it lasts
	while (process.threadCpuUsage(before).user < 400_000) block(10);

	expect(turns.takeLongest()).toBeGreaterThan(390);
	expect(together).toBeLessThan(300);
	expect(turns.takeLongest()).toBeLessThan(100);
});
