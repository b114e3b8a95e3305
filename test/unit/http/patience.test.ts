import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import { Patience } from "../../../mixins/sse/http/patience.ts";
import { eventually } from "../../support/eventually.ts";
import { block } from "../../support/processes/block.ts";

it("is over once, when its time has passed", async () => {
	const began = performance.now();
	const took: number[] = [];
	new Patience(50, () => took.push(performance.now() - began));
	await eventually(() => expect(took).toHaveLength(1));
	const after = Promise.withResolvers<void>();
	new Patience(50, after.resolve);
	await after.promise;

	expect(took).toHaveLength(1);
	// Node's timers may be early by a fraction of a millisecond
	expect(took[0]).toBeGreaterThan(45);
});

it("does not count time in which the process was busy", async () => {
	let isOver = false;
	new Patience(50, () => {
		isOver = true;
	});
	block(200);
	await turn();
	await turn();
	expect(isOver).toBe(false);

	await eventually(() => expect(isOver).toBe(true));
});

it.each([0, 20])("is never over if it was stopped, after %i ms", async ms => {
	let isOver = false;
	const patience = new Patience(50, () => {
		isOver = true;
	});
	const { promise, resolve } = Promise.withResolvers<void>();
	if (ms === 0) resolve();
	else setTimeout(resolve, ms);
	await promise;
	patience.stop();
	const after = Promise.withResolvers<void>();
	new Patience(100, after.resolve);
	await after.promise;

	expect(isOver).toBe(false);
});
