import { describe, expect, it } from "@jest/globals";
import type { ConsumeMessage } from "amqplib";
import fc from "fast-check";
import {
	parseRabbitmqId,
	type RabbitmqId,
	writeRabbitmqId
} from "../../../../../mixins/sse/bus/rabbitmq/rabbitmq-id.ts";
import { pointOf } from "../../../../../mixins/sse/bus/rabbitmq/receiver/point.ts";

/** A message as it comes from a RabbitMQ stream. */
const message = (timestamp: unknown, headers: Record<string, unknown> = {}) =>
	({
		properties: { timestamp, headers: { "x-stream-offset": 7, ...headers } }
	}) as unknown as ConsumeMessage;

const NOW = Date.UTC(2026, 0, 1);

describe("the place of a message", () => {
	it("has the time of its header, or else that of its property, which is in seconds", () => {
		const header = { timestamp_in_ms: NOW };
		expect(pointOf(message(1, header))).toEqual({ offset: 7, timestamp: NOW });
		expect(pointOf(message(NOW / 1000))).toEqual({ offset: 7, timestamp: NOW });
		expect(pointOf(message(undefined))).toEqual({ offset: 7, timestamp: 0 });
	});

	// Programs that write microseconds into the property got ids that no gateway could read: their clients were reset.
	it.each([
		["in microseconds", NOW * 1000],
		["negative", -1],
		["no number", "today"],
		["a fraction", 1.5]
	])("has no time if that is %s", (_, timestamp) => {
		expect(pointOf(message(timestamp))).toEqual({ offset: 7, timestamp: 0 });
	});

	it("makes an id that can be read, whatever the message says", () => {
		const time = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.bigInt(), fc.string());
		fc.assert(
			fc.property(time, time, (timestamp, inHeader) => {
				const point = pointOf(message(timestamp, { timestamp_in_ms: inHeader }));
				const id = writeRabbitmqId({ ...point, index: 0 } as RabbitmqId);
				// the time may be -0, which is the same
				const same = { offset: 7, timestamp: Math.abs(point?.timestamp as number), index: 0 };
				expect(parseRabbitmqId(id)).toEqual(same);
			})
		);
	});

	it("is none if the message is of no RabbitMQ stream", () => {
		expect(pointOf({ properties: { headers: {} } } as unknown as ConsumeMessage)).toBeUndefined();
	});
});
