import { describe, expect, it } from "@jest/globals";
import {
	OffsetTracker,
	type Point,
	type Step
} from "../../../../mixins/sse/bus/rabbitmq/offset-tracker.ts";

const point = (offset: number, timestamp = offset * 10): Point => ({ offset, timestamp });

/** What each point says to a reader that has come to the one before it. */
function steps(...points: Point[]): Step[] {
	const offsets = new OffsetTracker();
	return points.map(next => offsets.follow(next));
}

describe("a reader's way along a stream", () => {
	it("goes from offset to offset, from wherever it begins", () => {
		expect(steps(point(70), point(71), point(72))).toEqual(["next", "next", "next"]);
	});

	it("has no gap where RabbitMQ takes one offset for itself", () => {
		expect(steps(point(70), point(72))).toEqual(["next", "next"]);
	});

	it("has a gap where segments are gone", () => {
		expect(steps(point(70), point(73), point(74))).toEqual(["next", "gap", "next"]);
	});

	it("is found again behind a lost connection by offset and time", () => {
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		expect(offsets.follow(point(70))).toBe("seen");
		expect(offsets.follow(point(71))).toBe("next");
	});

	it.each([
		["the same offset at another time", point(70, 9999)],
		["an offset from before", point(3, 9999)]
	])("is on another stream by %s", (_, other) => {
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		expect(offsets.follow(other)).toBe("another");
		// it has not gone on there
		expect(offsets.last).toEqual(point(70));
	});

	it("has a gap where it is not found again: the next offset may be another stream's", () => {
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		offsets.return();
		expect([71, 72].map(offset => offsets.follow(point(offset)))).toEqual(["gap", "next"]);
		offsets.return();
		expect([72, 73].map(offset => offsets.follow(point(offset)))).toEqual(["seen", "next"]);
	});

	it("begins anew where it is put", () => {
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		offsets.start(undefined);
		expect(offsets.follow(point(3))).toBe("next");
		offsets.start(point(500));
		expect(offsets.follow(point(600))).toBe("gap");
	});
});
