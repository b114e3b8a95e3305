import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import Negotiator from "negotiator";
import { admitsStream } from "../../../../mixins/sse/gateway/request/accept.ts";

describe("an Accept header admits a stream", () => {
	it.each([
		[undefined],
		[""],
		["  "],
		["*"],
		["*/*"],
		["text/*"],
		["text/event-stream"],
		["TEXT/Event-Stream"],
		[" text/event-stream "],
		["text/event-stream;charset=utf-8"],
		["text/event-stream; charset=UTF-8"],
		['text/event-stream;charset="utf-8"'],
		["text/event-stream;v=1;q=0.001"],
		["text/event-stream;q=1.0;ext=1"],
		["text/event-stream;q=high"],
		["text/event-stream;q="],
		["application/json, text/event-stream"],
		["text/event-stream, */*;q=0.1"],
		["text/event-stream;q=0.1, */*;q=0"],
		["text/event-stream;charset=utf-16;q=0, text/event-stream"],
		['application/x;p="a,b", text/event-stream'],
		['application/x;p="\\",", text/event-stream'],
		["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"]
	])("that is %j", accept => {
		expect(admitsStream(accept)).toBe(true);
	});
});

describe("an Accept header admits no stream", () => {
	it.each([
		["application/json"],
		["text/html, application/xhtml+xml"],
		["text"],
		["event-stream"],
		["text/event-streams"],
		["text/event-stream;q=0"],
		["text/event-stream;q=0.0"],
		["text/event-stream;q=0.000, text/*, */*"],
		["text/event-stream; charset=utf-8; Q=0, */*"],
		["text/*;q=0, */*"],
		['application/x;p=", text/event-stream, "'],
		["text / event-stream"],
		[","],
		[";"]
	])("that is %j", accept => {
		expect(admitsStream(accept)).toBe(false);
	});
});

it("is read as another parser reads it, if there are no parameters but a weight", () => {
	const weight = fc.constantFrom("", ";q=0", ";q=0.5", "; q=1", ";q=0.000");
	const name = fc.constantFrom("*/*", "text/*", "text/event-stream", "text/html", "a/b", "a/*");
	const range = fc.tuple(name, weight).map(parts => parts.join(""));
	// no rule says which of two equal ranges counts
	const ranges = fc.uniqueArray(range, { minLength: 1, selector: text => text.split(";")[0] });
	fc.assert(
		fc.property(ranges, parts => {
			const accept = parts.join(", ");
			const found = new Negotiator({ headers: { accept } }).mediaType(["text/event-stream"]);
			expect(admitsStream(accept)).toBe(found !== undefined);
		})
	);
});

it("takes no longer to read if it is made to be slow", () => {
	for (const part of [" ", ",", ";", '"', "\\", "/", "q=", ' "', ";q=0"]) {
		const before = process.cpuUsage().user;
		admitsStream(part.repeat(16_000));
		// in microseconds
		expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
	}
});
