import { describe, expect, it, jest } from "@jest/globals";
import { createParser as createReference } from "eventsource-parser";
import fc from "fast-check";
import { createParser } from "../../../client/parser.ts";

type Event = [name: string, data: string, id: string];

/** The result for a text that arrives in these pieces. */
function read(pieces: readonly string[]): { events: Event[]; retry: number | undefined } {
	const events: Event[] = [];
	const parser = createParser((...event) => void events.push(event));
	for (const piece of pieces) parser.feed(piece);
	return { events, retry: parser.retry };
}

function readByAnother(text: string): Event[] {
	const events: Event[] = [];
	const parser = createReference({
		onEvent: ({ event = "", data, id = "" }) => void events.push([event || "message", data, id])
	});
	parser.feed(text);
	return events;
}

describe("the parser", () => {
	it("reads names, data of several lines, ids and the last retry", () => {
		const text =
			"retry: 7\nevent: a\ndata: 1\ndata:2\ndata\nid: x\n\ndata: b\nretry: 9x\nretry: 8\n\n";
		expect(read([text])).toEqual({
			events: [
				["a", "1\n2\n", "x"],
				["message", "b", ""]
			],
			retry: 8
		});
	});

	it("has no event without data, and takes no id with NUL", () => {
		expect(
			read(["event: a\nid: 1\n\nid: a\0b\ndata: 1\n\n: comment\nother: 1\n\n"]).events
		).toEqual([["message", "1", ""]]);
	});

	it("reads the same from any pieces", () => {
		const text = "id: 1\r\nevent: ü\rdata: x\r\ndata: y\n\r\ndata: z\r\n\r\n";
		const whole = read([text]);
		expect(whole.events).toEqual([
			["ü", "x\ny", "1"],
			["message", "z", ""]
		]);
		for (let at = 1; at < text.length; at++) {
			expect(read([text.slice(0, at), text.slice(at)])).toEqual(whole);
		}
		expect(read([...text])).toEqual(whole);
	});

	// It put what it had of a line together again with each piece: a long line in small ones took as long as its square.
	it("looks at each character once, however small the pieces of a line", () => {
		const split = jest.spyOn(String.prototype, "split");
		const data = "x".repeat(10_000);
		const { events } = read([..."data: ", ...data, ..."\r\n\r\n"]);
		const looked = split.mock.contexts.reduce<number>((sum, text) => sum + String(text).length, 0);
		split.mockRestore();

		expect(events).toEqual([["message", data, ""]]);
		expect(looked).toBeLessThanOrEqual(data.length + 10);
	});

	it("reads what another parser reads", () => {
		const line = fc.oneof(
			fc.constantFrom("", "", "data: a", "data:b", "data", "event: n", "event", "id: 1", "id"),
			fc.constantFrom("retry: 3", ":", ": c", "data: a:b", "data:  two", "x: y")
		);
		fc.assert(
			fc.property(fc.array(line), fc.constantFrom("\n", "\r\n"), (lines, end) => {
				const text = `${lines.join(end)}${end}${end}`;
				expect(read([text]).events).toEqual(readByAnother(text));
			})
		);
	});
});
