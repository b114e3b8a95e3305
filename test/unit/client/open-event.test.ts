import { expect, it } from "@jest/globals";
import { readOpen } from "../../../client/open-event.ts";

it("has no heartbeats unless it says so", () => {
	const texts = ['{"resumed":true,"heartbeat":5}', '{"resumed":false}'];

	expect(texts.map(text => readOpen(text).heartbeat)).toEqual([5, 0]);
});

it("has no heartbeat of which two are more than a timer takes", () => {
	expect(2 * readOpen('{"resumed":true,"heartbeat":1e300}').heartbeat).toBeLessThan(2 ** 31);
});
