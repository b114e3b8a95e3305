import { describe, expect, it } from "@jest/globals";
import { validate } from "../../../../mixins/sse/core/event/event.ts";
import { createIdSource } from "../../../../mixins/sse/core/event/event-id.ts";

describe("an id source", () => {
	it("counts from 1 without holes", () => {
		const ids = createIdSource("api-1", "k3f9x2ab");
		expect([ids.next(), ids.next(), ids.next()]).toEqual([
			"api-1.k3f9x2ab.1",
			"api-1.k3f9x2ab.2",
			"api-1.k3f9x2ab.3"
		]);
	});

	it("reuses an id under which nothing was sent, unless another was given since", () => {
		const ids = createIdSource("api-1", "k3f9x2ab");
		ids.takeBack(ids.next());
		expect(ids.last).toBeNull();
		const first = ids.next();
		const second = ids.next();
		ids.takeBack(first);
		expect(ids.position.seq).toBe(2);
		ids.takeBack(second);
		expect(ids.next()).toBe(second);
	});

	it.each(["node 1", "knoten-ü", "a\nb", "\uD800", "host.example.com-4711"])(
		"gives ids that fit a header and the bus, even for the node id %j",
		nodeID => {
			const id = createIdSource(nodeID, "k3f9x2ab").next();
			expect(id).toMatch(/^[\x21-\x7e]+\.k3f9x2ab\.1$/);
			const event = { eventName: "a", sessionId: "s", payload: 1, id };
			expect(validate(event, { acceptId: true })).toEqual(event);
		}
	);
});
