import { describe, expect, it } from "@jest/globals";
import { Registry } from "../../../../mixins/sse/core/addressing/registry.ts";
import { Ghosts } from "../../../../mixins/sse/gateway/limits/ghosts.ts";
import type { EventStream } from "../../../../mixins/sse/streams/event-stream.ts";
import { TextLooks } from "../../../support/text-looks.ts";

const namesOf = (count: number, last: string) => [
	...Array.from({ length: count - 1 }, (_, n) => `name-${n}`),
	last
];

// Each name was looked for among those of each stream: one client that came back 60 times a second, with names that none of its
// 1,000 streams had, stopped its gateway.
describe("the search for the stream that a client has left behind", () => {
	function search(streams: number, names: number) {
		const looks = new TextLooks();
		const registry = new Registry<EventStream>();
		for (let n = 0; n < streams; n++) {
			const stream = {
				sessionIds: ["alice"],
				eventNames: looks.of(namesOf(names, "last")),
				isBehind: false
			};
			registry.add(stream as unknown as EventStream);
		}
		const ghosts = new Ghosts(registry, streams);
		return (last: string) => {
			looks.count = 0;
			const found = ghosts.of({ sessionIds: ["alice"], eventNames: namesOf(names, last) });
			return { found, looks: looks.count };
		};
	}

	it("reads the names of the session's streams once, however often it comes back", () => {
		for (const names of [50, 100]) {
			const comeBack = search(30, names);
			expect(comeBack("other").looks).toBeLessThanOrEqual(30 * names);
			for (const last of ["other", "another", "last"]) expect(comeBack(last).looks).toBe(0);
		}
	});

	it("finds it whatever the order of its names, and no stream with more or fewer", () => {
		const comeBack = search(3, 4);
		expect(comeBack("other").found).toBeUndefined();
		expect(comeBack("last").found).toMatchObject({ sessionIds: ["alice"] });
		const registry = new Registry<EventStream>();
		const stream = { sessionIds: ["a"], eventNames: ["x", "y"], isBehind: false };
		registry.add(stream as unknown as EventStream);
		const ghosts = new Ghosts(registry, 1);
		const of = (...eventNames: string[]) => ghosts.of({ sessionIds: ["a"], eventNames });

		expect(of("y", "x")).toBe(stream);
		expect([of("x"), of("x", "y", "z"), of("x", "z")]).toEqual([undefined, undefined, undefined]);
	});
});
