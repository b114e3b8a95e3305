import { expect, it, jest } from "@jest/globals";
import { readOpen } from "../../../client/open-event.ts";

it("is read once for all that ask for it, and anew if it says something else", () => {
	const parse = jest.spyOn(JSON, "parse");
	const texts = ['{"resumed":true,"heartbeat":5}', '{"resumed":false}'];
	const read = texts.flatMap(text => [readOpen(text), readOpen(text)]);
	const parsed = parse.mock.calls.length;
	parse.mockRestore();

	expect(read.map(({ resumed, heartbeat }) => [resumed, heartbeat])).toEqual([
		[true, 5],
		[true, 5],
		[false, 0],
		[false, 0]
	]);
	expect(parsed).toBe(2);
});

it("has no heartbeat of which two are more than a timer takes", () => {
	expect(2 * readOpen('{"resumed":true,"heartbeat":1e300}').heartbeat).toBeLessThan(2 ** 31);
});
