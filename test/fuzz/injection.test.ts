import { describe, expect, it } from "@jest/globals";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { isRefusal } from "../../mixins/sse/core/errors/refusal.ts";
import {
	closeFrame,
	heartbeatFrame,
	openFrame,
	resetFrame
} from "../../mixins/sse/core/event/control-events.ts";
import { validate } from "../../mixins/sse/core/event/event.ts";
import { encodeFrame } from "../../mixins/sse/core/event/frame.ts";
import { serialise } from "../../mixins/sse/core/event/payload.ts";
import { readTextLines } from "../../mixins/sse/core/event/text.ts";
import { readClose } from "../../mixins/sse/core/revocation/revocation.ts";
import { anyText, trickyKey } from "../support/arbitraries.ts";
import { runs } from "../support/fuzz.ts";

/** The frames as a parser reads them that is not the project's own, cut wherever a network may cut them. */
function parse(
	frames: Uint8Array[],
	cut: number
): { events: EventSourceMessage[]; retries: number[] } {
	const events: EventSourceMessage[] = [];
	const retries: number[] = [];
	const parser = createParser({
		onEvent: event => events.push(event),
		onRetry: retry => retries.push(retry),
		onError(error) {
			throw error;
		}
	});
	const decoder = new TextDecoder();
	const bytes = Buffer.concat(frames);
	const step = Math.max(1, cut % (bytes.byteLength + 1));
	for (let from = 0; from < bytes.byteLength; from += step) {
		parser.feed(decoder.decode(bytes.subarray(from, from + step), { stream: true }));
	}
	return { events, retries };
}

const DANGEROUS = [
	"\r",
	"\n",
	"\r\n",
	"\0",
	"\u2028",
	"\u2029",
	"\u0085",
	"\uFEFF",
	"\uD800",
	"\uDC00"
];
const FIELDS = ["data: x", "event: x", "id: x", "retry: 1", ":", "", " ", "\u{1F600}", "é", "a"];

/** Text that tries to be more than one field. */
const hostileText = fc.oneof(
	anyText,
	fc
		.array(fc.constantFrom(...DANGEROUS, ...FIELDS), { minLength: 1, maxLength: 12 })
		.map(parts => parts.join("")),
	fc.string({ unit: "binary", maxLength: 10 }).map(text => text + "x".repeat(2000)),
	trickyKey
);
const hostileValue = fc.oneof(hostileText, fc.jsonValue(), fc.dictionary(hostileText, hostileText));

const event = fc.record(
	{ eventName: hostileText, sessionId: hostileText, payload: hostileValue, id: hostileText },
	{ requiredKeys: ["eventName", "sessionId", "payload"] }
);

describe("what a conforming parser reads is exactly what was sent, or it was refused:", () => {
	it("events, whatever their fields contain and wherever the network cuts them", () => {
		let sent = 0;
		let refused = 0;
		fc.assert(
			fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), fc.nat(), (inputs, cut) => {
				const frames: Uint8Array[] = [];
				const expected: EventSourceMessage[] = [];
				for (const input of inputs) {
					const read = validate(input, { acceptId: true });
					const data = serialise(input.payload);
					if (isRefusal(read) || isRefusal(data)) {
						refused++;
						continue;
					}
					sent++;
					frames.push(encodeFrame({ id: read.id, event: read.eventName, data }));
					expected.push({ id: read.id, event: input.eventName, data });
				}
				const { events, retries } = parse(frames, cut);
				expect(events.map(({ event, data }) => ({ event, data }))).toEqual(
					expected.map(({ event, data }) => ({ event, data }))
				);
				for (const [index, { id }] of expected.entries()) {
					if (id !== undefined) expect(events[index]?.id).toBe(id);
				}
				for (const [index, { data }] of events.entries()) {
					const { payload } = { payload: JSON.parse(data) };
					expect(JSON.stringify(payload)).toBe(expected[index]?.data);
				}
				expect(retries).toEqual([]);
			}),
			runs(15_000)
		);
		// it tests not only refusals, nor only harmless events
		expect(sent).toBeGreaterThan(1000);
		expect(refused).toBeGreaterThan(1000);
	});

	it("texts, whatever their lines contain", () => {
		fc.assert(
			fc.property(
				fc.array(hostileValue, { minLength: 1, maxLength: 4 }),
				fc.nat(),
				(payloads, cut) => {
					const frames: Uint8Array[] = [];
					const expected: string[] = [];
					for (const payload of payloads) {
						const lines = readTextLines("a", JSON.stringify(payload));
						if (isRefusal(lines)) {
							expect(typeof payload !== "string" || payload.includes("\0")).toBe(true);
							continue;
						}
						frames.push(encodeFrame({ id: "n.e.1", event: "a", data: lines }));
						expected.push(String(payload).replace(/\r\n?/g, "\n").toWellFormed());
					}
					const { events, retries } = parse(frames, cut);
					expect(events).toEqual(expected.map(data => ({ id: "n.e.1", event: "a", data })));
					expect(retries).toEqual([]);
				}
			),
			runs(2_000)
		);
	});

	it("control events, whatever names, reasons and places they contain", () => {
		fc.assert(
			fc.property(hostileText, hostileText, fc.nat(), (name, text, cut) => {
				const close = readClose({ sessionId: "a", reason: text });
				const named = validate({ eventName: name, sessionId: "a", payload: null });
				if (!isRefusal(named)) {
					const { events } = parse([openFrame([name], true, { retry: 7 })], cut);
					expect(events).toHaveLength(1);
					expect(JSON.parse(events[0]?.data ?? "")).toEqual({ eventNames: [name], resumed: true });
				}
				if (!isRefusal(close)) {
					const { events } = parse([closeFrame(close.reason, 7)], cut);
					expect(events).toHaveLength(1);
					expect(JSON.parse(events[0]?.data ?? "")).toEqual({ reason: text });
				}
				// a place with a line break is a bug, and thrown rather than written
				for (const make of [heartbeatFrame, (place: string) => resetFrame("gap", place)]) {
					let frame: Uint8Array;
					try {
						frame = make(text);
					} catch {
						expect(text).toMatch(/[\r\n\0]/);
						continue;
					}
					expect(parse([frame], cut).events).toHaveLength(1);
				}
			}),
			runs(15_000)
		);
	});

	it("very long fields", () => {
		const eventName = "n".repeat(128);
		const payload = '\u2028"\\\n€😀'.repeat(300_000);
		const data = serialise(payload) as string;
		const { events } = parse([encodeFrame({ event: eventName, data })], 65_521);

		expect(JSON.parse(events[0]?.data ?? "")).toBe(payload);
		expect(isRefusal(validate({ eventName: `${eventName}n`, sessionId: "a", payload }))).toBe(true);
	});
});
