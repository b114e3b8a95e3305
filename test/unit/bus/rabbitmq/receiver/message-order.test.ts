import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { ConsumeMessage } from "amqplib";
import { MessageOrder } from "../../../../../mixins/sse/bus/rabbitmq/receiver/message-order.ts";

const message = (offset?: number) =>
	({
		properties: { headers: { "x-stream-offset": offset, timestamp_in_ms: 10 } }
	}) as unknown as ConsumeMessage;

/** A reader of a RabbitMQ stream whose oldest message has this offset, and what it was told. */
function start(first: () => Promise<number>) {
	const told: string[] = [];
	const order = new MessageOrder({
		take: (_, { offset }, step) => void told.push(`${offset} ${step}`),
		another: () => void told.push("another"),
		misplaced: () => void told.push("misplaced"),
		onFault: error => {
			throw error;
		}
	});
	order.begin(async () => ({ offset: await first(), timestamp: 10 }));
	const pass = async (...offsets: (number | undefined)[]) => {
		for (const offset of offsets) order.pass(message(offset));
		await turn();
	};
	return { order, told, pass };
}

describe("the messages of a RabbitMQ stream, where the offset rises by more than two", () => {
	it.each([
		["whole if the last one that was read is still the oldest", 70, "next"],
		["whole if one before that is still there", 0, "next"],
		["not whole if the oldest comes after it", 71, "gap"],
		["not whole if the oldest is the next that arrives", 73, "gap"]
	])("are %s", async (_, first, step) => {
		const { told, pass } = start(async () => first);
		await pass(70, 73, 74);
		expect(told).toEqual(["70 next", `73 ${step}`, "74 next"]);
	});

	it("are taken for not whole if RabbitMQ does not say", async () => {
		const { told, pass } = start(() => Promise.reject(new Error("refused")));
		await pass(70, 73);
		expect(told).toEqual(["70 next", "73 gap"]);
	});

	it("come again on the next channel if this one is lost meanwhile", async () => {
		const answer = Promise.withResolvers<number>();
		const { order, told, pass } = start(() => answer.promise);
		await pass(70, 73, 74);
		order.end();
		answer.resolve(71);
		await turn();
		expect(told).toEqual(["70 next"]);

		order.offsets.return();
		order.begin(async () => ({ offset: 0, timestamp: 10 }));
		await pass(70, 73, 74);
		expect(told).toEqual(["70 next", "70 seen", "73 next", "74 next"]);
	});
});

describe("a message", () => {
	it("may be of another RabbitMQ stream, or of none", async () => {
		const { told, pass } = start(async () => 0);
		await pass(70, 3, undefined);
		expect(told).toEqual(["70 next", "another", "misplaced"]);
	});
});
