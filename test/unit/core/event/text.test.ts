import { describe, expect, it } from "@jest/globals";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { isRefusal } from "../../../../mixins/sse/core/errors/refusal.ts";
import { textEvents } from "../../../../mixins/sse/core/event/contract.ts";
import { encodeFrame } from "../../../../mixins/sse/core/event/frame.ts";
import { Slab } from "../../../../mixins/sse/core/event/slab.ts";
import {
	fromLines,
	readText,
	readTextLines,
	toLines
} from "../../../../mixins/sse/core/event/text.ts";
import { anyText, eventName, fieldText } from "../../../support/arbitraries.ts";

/** What a client should get: LF ends each line, and UTF-8 has no lone surrogates. */
const asReceived = (text: string) => text.replace(/\r\n?/g, "\n").toWellFormed();

/** Texts with what a frame might be mistaken for, and with everything that ends a line here or anywhere. */
const trickyText = fc.array(
	fc.oneof(
		fc.constantFrom(
			"\r\n",
			"\r",
			"\n",
			"\n\n",
			" ",
			"data: ",
			"data:",
			"id: 7",
			"event: x",
			"retry: 0"
		),
		fc.constantFrom(":", "\uFEFF", "\uD800", "\uDC00", "😀", "\u2028", "\u0085", "\v", "\f", "<p>"),
		fc.string()
	),
	{ maxLength: 30 }
);
const text = fc
	.oneof(
		anyText,
		trickyText.map(parts => parts.join(""))
	)
	.map(text => text.replaceAll("\0", ""));

const bytesOf = (lines: string, slab?: Slab) =>
	encodeFrame({ id: "n.e.1", event: "a", data: lines }, slab);

/** Reads bytes like a conforming client, with a foreign parser. */
function parse(...frames: Uint8Array[]): EventSourceMessage[] {
	const events: EventSourceMessage[] = [];
	const parser = createParser({
		onEvent: event => events.push(event),
		onRetry: retry => {
			throw new Error(`forged: ${retry}`);
		},
		onComment: comment => {
			throw new Error(`forged: ${comment}`);
		},
		onError: error => {
			throw error;
		}
	});
	const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
	for (const frame of frames) parser.feed(decoder.decode(frame, { stream: true }));
	return events;
}

const linesOf = (json: string | Uint8Array) => readTextLines("a", json) as string;

describe("a text's bytes", () => {
	it("are a data field for each of its lines", () => {
		expect(new TextDecoder().decode(bytesOf(toLines("<ul>\n  <li>\r\n</ul>\r")))).toBe(
			"id: n.e.1\nevent: a\ndata: <ul>\ndata:   <li>\ndata: </ul>\ndata: \n\n"
		);
	});
});

describe("a foreign parser", () => {
	it.each([
		["an empty text", "", ""],
		["one line", "<p>hi</p>", "<p>hi</p>"],
		["LF", "a\nb", "a\nb"],
		["CR", "a\rb", "a\nb"],
		["CRLF", "a\r\nb", "a\nb"],
		["LF and CR, which are two", "a\n\rb", "a\n\nb"],
		["CR and CRLF, which are two", "a\r\r\nb", "a\n\nb"],
		["an end of line at the end", "a\n", "a\n"],
		["several", "\n\na\n\n\n", "\n\na\n\n\n"],
		["nothing else", "\r\n\r\n", "\n\n"],
		["spaces at the beginning", "  a\n  b", "  a\n  b"],
		["fields", "data: x\nid: 9\n\nevent: y\n: z", "data: x\nid: 9\n\nevent: y\n: z"],
		["a byte order mark", "\uFEFFa\n\uFEFF", "\uFEFFa\n\uFEFF"],
		["line ends of others", "a\u2028b\u2029c\u0085d\ve\f", "a\u2028b\u2029c\u0085d\ve\f"],
		["half an emoji", "a\uD83D\nb", "a\uFFFD\nb"],
		["quotes and backslashes", '"\\n"', '"\\n"']
	])("reads it: %s", (_, written, read) => {
		const frame = bytesOf(linesOf(JSON.stringify(written)));
		expect(parse(frame)).toEqual([{ id: "n.e.1", event: "a", data: read }]);
	});

	it("reads any text, live and from its bare lines, whole or in one slab with others", () => {
		const event = fc.record({ id: fieldText, event: eventName, text });
		fc.assert(
			fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), events => {
				const slab = new Slab();
				const frames = events.flatMap(({ id, event, text }) => {
					const data = linesOf(Buffer.from(JSON.stringify(text)));
					const bare = slab.keep(data);
					const kept = new Uint8Array(bare.buffer, bare.byteOffset, bare.byteLength);
					return [
						encodeFrame({ id, event, data }, slab),
						encodeFrame({ id, event, data: kept }, slab)
					];
				});
				const expected = events.flatMap(({ id, event, text }) => {
					const read = { id, event, data: asReceived(text) };
					return [read, read];
				});
				expect(parse(...frames)).toEqual(expected);
			}),
			{ numRuns: 500 }
		);
	});

	it("reads it from any split of the bytes", () => {
		const frame = bytesOf(toLines(" é\r\n\n😀\rdata: x\n"));
		for (let at = 1; at < frame.length; at++) {
			expect(parse(frame.subarray(0, at), frame.subarray(at))).toEqual([
				{ id: "n.e.1", event: "a", data: " é\n\n😀\ndata: x\n" }
			]);
		}
	});

	it("reads texts of megabytes, in one line or in as many as there can be", () => {
		for (const text of ["ü€😀".repeat(500_000), "\n".repeat(500_000), "a\r\n".repeat(300_000)]) {
			const frame = bytesOf(linesOf(JSON.stringify(text)), new Slab());
			const [event] = parse(frame);
			// a separate comparison, because a failure would otherwise fill the screen
			expect(event?.data === asReceived(text)).toBe(true);
		}
	});
});

describe("a text that replaces others", () => {
	it("is passed to `conflate` as the client gets it, whatever it contains", () => {
		fc.assert(
			fc.property(text, text => {
				expect(fromLines(toLines(text)).toWellFormed()).toBe(asReceived(text));
			}),
			{ numRuns: 500 }
		);
	});
});

describe("a payload that is not a text", () => {
	it.each([[undefined], [null], [7], [true], [{}], [["a"]], [{ text: "a" }]])(
		"is refused by name, with the remedy: %j",
		payload => {
			const refusal = readText("row", payload);
			expect(refusal).toMatchObject({ refused: "payload", kind: "contract" });
			expect(isRefusal(refusal) && refusal.message).toBe(
				'"payload" of "row" takes a string, because its contract says as: "text": ' +
					'write what the page gets, or leave "as" out to send JSON.'
			);
		}
	);

	it("is refused if it contains NUL, wherever it is, here and on the bus", () => {
		fc.assert(
			fc.property(text, text, (a, b) => {
				const nul = `${a}\0${b}`;
				const refusal = {
					refused: "payload",
					message: expect.stringContaining("contains NUL"),
					kind: "contract"
				};
				expect(readText("row", nul)).toEqual(refusal);
				expect(readTextLines("row", JSON.stringify(nul))).toEqual(refusal);
			})
		);
	});

	it.each(["", "{", '"a', "a", '"a"b', "'a'"])(
		"is refused if it has arrived as invalid JSON: %s",
		json => {
			for (const come of [json, Buffer.from(json)]) {
				expect(readTextLines("row", come)).toMatchObject({
					refused: "json",
					message: expect.stringContaining("is not JSON")
				});
			}
		}
	);
});

describe("the events of a contract that are texts", () => {
	it("are those that are declared as such, by their own names", () => {
		const events = { a: { as: "text" }, b: { as: "json" }, c: {} } as const;
		expect([...textEvents(events)]).toEqual(["a"]);
		expect([...textEvents()]).toEqual([]);
		expect(textEvents(events).has("toString")).toBe(false);
	});
});
