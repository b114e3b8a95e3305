import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	readMessage,
	writeEvent,
	writeMessage
} from "../../../../mixins/sse/bus/rabbitmq/message-codec.ts";
import { isRefusal } from "../../../../mixins/sse/core/errors/refusal.ts";
import { anyText } from "../../../support/arbitraries.ts";

describe("a message", () => {
	it("gives back the events that were put into it, in order", () => {
		const event = fc.record({
			eventName: anyText,
			sessionId: fc.oneof(anyText, fc.array(anyText)),
			payload: fc.jsonValue()
		});
		fc.assert(
			fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), events => {
				const text = writeMessage(
					events.map(event => writeEvent(event, JSON.stringify(event.payload)))
				);
				expect(readMessage(text)).toEqual(JSON.parse(JSON.stringify(events)));
			})
		);
	});

	it("with one event is that event, as another program would write it", () => {
		const event = { eventName: "news", sessionId: "alice", payload: null };
		expect(JSON.parse(writeMessage([writeEvent(event, "null")]))).toEqual(event);
	});

	it("of another program may contain anything: a single value counts as one event", () => {
		expect(readMessage("7")).toEqual([7]);
		expect(readMessage("[]")).toEqual([]);
		expect(readMessage("null")).toEqual([null]);
	});

	it("with more events than there are indices is refused: their ids would not be in order", () => {
		const text = (count: number) => `[${"0,".repeat(count - 1)}0]`;
		expect(readMessage(text(1_000_000))).toHaveLength(1_000_000);
		expect(readMessage(text(1_000_001))).toMatchObject({ refused: "content" });
	});

	it.each(["", "{", "undefined", '{"a":1}x', "\uFEFF{}"])(
		"that is not JSON is refused: %j",
		text => {
			const answer = readMessage(text);
			expect(isRefusal(answer)).toBe(true);
			expect(answer).toMatchObject({ refused: "content" });
		}
	);
});
