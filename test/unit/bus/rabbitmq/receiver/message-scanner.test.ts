import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
	readMessage,
	writeEvent,
	writeMessage
} from "../../../../../mixins/sse/bus/rabbitmq/message-codec.ts";
import { scanMessage } from "../../../../../mixins/sse/bus/rabbitmq/receiver/message-scanner.ts";
import type { SseEvent } from "../../../../../mixins/sse/core/event/event.ts";
import { anyText } from "../../../../support/arbitraries.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The events of a message, with their payloads as texts; undefined if it cannot be read that way. */
function read(text: string): { address: unknown; json: string }[] | undefined {
	const bytes = encoder.encode(text);
	const textOf = (from: number, to: number) => decoder.decode(bytes.subarray(from, to));
	const isAscii = bytes.every(byte => byte < 128);
	const latin1 = Array.from(bytes, byte => String.fromCharCode(byte)).join("");
	return scanMessage(latin1, isAscii ? undefined : textOf)?.map(({ address, from, to }) => ({
		address,
		json: textOf(from, to)
	}));
}

const written = (events: readonly SseEvent[]) =>
	writeMessage(events.map(event => writeEvent(event, JSON.stringify(event.payload))));

const A = '{"eventName":"a","sessionId":"s","payload":1}';

describe("a message of SseMiddleware", () => {
	it("gives the texts of its payloads as they were written, whatever its events contain", () => {
		const tricky = fc.constantFrom(',"payload":', '"', "\\", '\\"', "\n", "é", ',"payload":1}');
		const text = fc.oneof(anyText, tricky);
		const event = fc.record({
			eventName: text,
			sessionId: fc.oneof(text, fc.array(text, { minLength: 1 })),
			payload: fc.oneof(fc.jsonValue(), fc.constant({ payload: { payload: 1 } }))
		});
		fc.assert(
			fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), events => {
				expect(read(written(events))).toEqual(
					events.map(({ eventName, sessionId, payload }) => ({
						address: JSON.parse(JSON.stringify({ eventName, sessionId })),
						json: JSON.stringify(payload)
					}))
				);
			}),
			{ numRuns: 1000 }
		);
	});

	it("is a JSON array for programs that do not know its form", () => {
		const events = [1, 2].map(payload => ({ eventName: "a", sessionId: "s", payload }));
		expect(readMessage(written(events))).toEqual(events);
	});
});

describe("a message in another form", () => {
	it.each([
		["no event", "[]"],
		["nothing", ""],
		["several events in one line", `[${A},${A}]`],
		["with other line breaks", `[\n${A},\r\n${A}\n]`],
		["with an indented payload", '{"eventName":"a","sessionId":"s","payload":{\n"a":1}}'],
		["with fields in another order", '{"sessionId":"s","eventName":"a","payload":1}'],
		["with the payload first", '{"payload":1,"eventName":"a","sessionId":"s"}'],
		["without an address", '{"payload":1}'],
		["without a payload", '{"eventName":"a","sessionId":"s"}'],
		["with an empty payload", '{"eventName":"a","sessionId":"s","payload":}'],
		["with spaces", '{ "eventName": "a", "sessionId": "s", "payload": 1 }'],
		["with a line that is cut", `[\n${A},\n{"eventName":"a"\n]`],
		["with an address that is no JSON", '{"eventName":"a","sessionId":"s"s,"payload":1}'],
		["with NUL", '{"eventName":"a","sessionId":"s","payload":"\0"}'],
		["with CR", '{"eventName":"a","sessionId":"s","payload":"\r"}'],
		["with an array that has no end", `[\n${A}`]
	])("is read like any JSON: %s", (_, text) => {
		expect(read(text)).toBeUndefined();
	});

	it("gives no payload with a line break or NUL, whatever arrives", () => {
		const piece = fc.constantFrom(A, "[\n", "\n]", ",\n", "\n", "\r", "\0", '"payload":', "}", "é");
		fc.assert(
			fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary" }))), pieces => {
				for (const { json } of read(pieces.join("")) ?? []) expect(json).not.toMatch(/[\r\n\0]|^$/);
			}),
			{ numRuns: 3000 }
		);
	});
});
