import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { RABBITMQ_ORDER } from "../../../../mixins/sse/bus/rabbitmq/id-order.ts";
import {
	parseRabbitmqId,
	type RabbitmqId,
	writeRabbitmqId,
	writeRabbitmqIds
} from "../../../../mixins/sse/bus/rabbitmq/rabbitmq-id.ts";
import { compareSortKeys, type SortKey } from "../../../../mixins/sse/core/history/id-order.ts";

const streamId: fc.Arbitrary<RabbitmqId> = fc.record({
	offset: fc.nat(2 ** 31),
	timestamp: fc.nat(2 ** 31),
	index: fc.nat(999)
});

describe("the id of an event on a RabbitMQ stream", () => {
	it("is offset and time, plus the index for every event of a message but the first", () => {
		expect(writeRabbitmqId({ offset: 42, timestamp: 1795452278747, index: 0 })).toBe(
			"42-1795452278747"
		);
		expect(writeRabbitmqId({ offset: 42, timestamp: 0, index: 3 })).toBe("42-0-3");
	});

	it("is the same whether it is written alone or with those of its message", () => {
		const message = { offset: 42, timestamp: 1795452278747 };
		const alone = [0, 1, 2].map(index => writeRabbitmqId({ ...message, index }));
		expect(writeRabbitmqIds(message, 3)).toEqual(alone);
		expect(writeRabbitmqIds(message, 0)).toEqual([]);
	});

	it("is read as it was written", () => {
		fc.assert(
			fc.property(streamId, id => {
				expect(parseRabbitmqId(writeRabbitmqId(id))).toEqual(id);
			})
		);
	});

	it.each([
		...["", "-", "1", "1-", "-1", "1-1-", "1-1-0", "01-1", "1-01", "1-1-01", "+1-1", "1e3-1"],
		...[
			"9007199254740993-1",
			"1-9007199254740993",
			`${"9".repeat(400)}-1`,
			"1-1-1-1",
			" 1-1",
			"1-1\n"
		],
		...["1-1-1000000", "n.e.1", "１-１"]
	])("is invalid: %j", text => {
		expect(parseRabbitmqId(text)).toBeUndefined();
	});

	it("is ordered by offset, and by index within a message", () => {
		fc.assert(
			fc.property(streamId, streamId, (a, b) => {
				const expected = Math.sign(a.offset === b.offset ? a.index - b.index : a.offset - b.offset);
				const [first, second] = [a, b].map(
					id => RABBITMQ_ORDER.sortKeyOf(writeRabbitmqId(id)) as SortKey
				);
				expect(Math.sign(compareSortKeys(first as SortKey, second as SortKey))).toBe(expected);
			})
		);
	});
});
