import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import "../support/provided.ts";
import { inject } from "../support/provided.ts";
import { openRabbitMq, type RabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { skip } from "../support/skip.ts";
import type { Fault } from "./faults/fault.ts";
import { createRandom } from "./random.ts";
import { play } from "./scenario.ts";
import { SHORT } from "./sizes.ts";
import { type Bus, Stage } from "./stage.ts";

const BUSES: readonly Bus[] = ["stream", "default"];

/**
 * The tests of some faults, on a RabbitMQ of their own. Each test file has a share of the faults, so that several shares run at
 * a time: a scenario mostly waits. `npm run test:chaos` runs the same for longer, with more clients.
 */
export function testFaults(all: readonly Fault[]): void {
	const seed = Math.floor(Math.random() * 2 ** 32);
	let rabbitmq: RabbitMq;

	beforeAll(async () => {
		rabbitmq = await openRabbitMq(inject("programs").rabbitmq);
		await rabbitmq.start();
	});
	afterAll(() => rabbitmq?.stop());

	function testOn(bus: Bus, faults: readonly Fault[], maxBytes?: number): void {
		let stage: Stage;
		beforeAll(async () => {
			const { nginx } = inject("programs");
			stage = await Stage.start({ bus, rabbitmq, nginx, ...(maxBytes && { maxBytes }) });
		});
		afterAll(() => stage?.stop());

		it.each(faults)("$name", async fault => {
			if (fault.needsControl && !rabbitmq.controllable) skip("RabbitMQ is not ours to stop");
			const { broken } = await play(stage, fault, SHORT, createRandom(seed));
			if (broken.length > 0) console.log(`seed ${seed}\n${stage.output}`);
			expect(broken).toEqual([]);
		});
	}

	for (const bus of BUSES) {
		const faults = all.filter(({ promised, maxBytes }) => promised[bus] && !maxBytes);
		if (faults.length === 0) continue;
		describe(`on the ${bus} bus, no event is lost in silence:`, () => testOn(bus, faults));
	}
	for (const fault of all.filter(({ maxBytes }) => maxBytes)) {
		const title = "on a small stream, no event is lost in silence:";
		describe(title, () => testOn("stream", [fault], fault.maxBytes));
	}
}
