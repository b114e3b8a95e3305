import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import "../support/provided.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { createRandom } from "./random.ts";
import { play } from "./scenario.ts";
import { SHORT } from "./sizes.ts";
import { type Bus, Stage, type StageOptions } from "./stage.ts";

// `npm run test:chaos` lets the same happen for longer, to more clients.

const SEED = Math.floor(Math.random() * 2 ** 32);

const stageOptions = (bus: Bus): StageOptions => {
	const { rabbitmq, nginx } = inject("programs");
	return { bus, rabbitmq, nginx };
};

async function keeps(stage: Stage, fault: Fault): Promise<void> {
	const { broken } = await play(stage, fault, SHORT, createRandom(SEED));
	if (broken.length > 0) console.log(`seed ${SEED}\n${stage.output}`);
	expect(broken).toEqual([]);
}

describe.each(["stream", "default"] as const)(
	"on the %s bus, no event is lost in silence:",
	bus => {
		let stage: Stage;
		beforeAll(async () => {
			stage = await Stage.start(stageOptions(bus));
		});
		afterAll(() => stage?.stop());

		const faults = FAULTS.filter(
			({ promised, maxBytes }) => promised[bus] && maxBytes === undefined
		);
		it.for(faults)("$name", async (fault, { skip }) => {
			if (fault.needsControl && !stage.rabbitmq.controllable) skip("RabbitMQ is not ours to stop");
			await keeps(stage, fault);
		});
	}
);

describe("on a small stream, no event is lost in silence:", () => {
	it.for(FAULTS.filter(({ maxBytes }) => maxBytes !== undefined))("$name", async fault => {
		const { maxBytes } = fault;
		const stage = await Stage.start({ ...stageOptions("stream"), ...(maxBytes && { maxBytes }) });
		try {
			await keeps(stage, fault);
		} finally {
			await stage.stop();
		}
	});
});
