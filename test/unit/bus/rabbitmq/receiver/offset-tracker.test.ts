import { describe, expect, it } from "@jest/globals";
import {
	OffsetTracker,
	type Step
} from "../../../../../mixins/sse/bus/rabbitmq/receiver/offset-tracker.ts";
import type { Point } from "../../../../../mixins/sse/bus/rabbitmq/receiver/point.ts";

const point = (offset: number, timestamp = offset * 10): Point => ({ offset, timestamp });

/** What each point means to a reader that has read the one before it. */
function steps(...points: Point[]): Step[] {
	const offsets = new OffsetTracker();
	return points.map(next => offsets.follow(next));
}

describe("a reader's progress on a RabbitMQ stream", () => {
	it("goes from offset to offset, wherever it starts", () => {
		expect(steps(point(70), point(71), point(72))).toEqual(["next", "next", "next"]);
	});

	it("has no gap where RabbitMQ uses one offset itself", () => {
		expect(steps(point(70), point(72))).toEqual(["next", "next"]);
	});

	it("may have lost messages where the offset rises by more, and stays there until that is known", () => {
		expect(steps(point(70), point(73), point(74))).toEqual(["next", "jump", "jump"]);
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		expect(offsets.follow(point(73))).toBe("jump");
		expect(offsets.last).toEqual(point(70));
		offsets.start(point(73));
		expect(offsets.follow(point(74))).toBe("next");
	});

	it("is found again after a lost connection by offset and time", () => {
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
		// it has not moved on
		expect(offsets.last).toEqual(point(70));
	});

	it("has a gap if it is not found again: the next offset may be on another RabbitMQ stream", () => {
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		offsets.return();
		expect([71, 72].map(offset => offsets.follow(point(offset)))).toEqual(["gap", "next"]);
		offsets.return();
		expect([72, 73].map(offset => offsets.follow(point(offset)))).toEqual(["seen", "next"]);
	});

	it("starts again where it is set", () => {
		const offsets = new OffsetTracker();
		offsets.follow(point(70));
		offsets.start(undefined);
		expect(offsets.follow(point(3))).toBe("next");
		offsets.start(point(500));
		expect(offsets.follow(point(600))).toBe("jump");
	});
});
