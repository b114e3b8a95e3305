import { expectTypeOf } from "expect-type";
import { connect, type EndReason, type SseConnection, type State } from "../../client/index.ts";
import { describe, it } from "../support/type-test.ts";

const events = connect("/sse/event-stream");

describe("connect", () => {
	it("gives handlers the payload of their event, as SseEvents has it", () => {
		events.on("order-update", payload => {
			expectTypeOf(payload).toEqualTypeOf<{ status: "open" | "paid" }>();
		});
		// @ts-expect-error: there is no such event
		events.on("order-updte", () => {});
		// @ts-expect-error: its payload is another one
		events.on("order-update", (payload: { status: number }) => payload);
	});

	it("takes what gets tickets and headers, at once or later", () => {
		connect("/", { ticket: () => "a ticket" });
		connect("/", { ticket: async names => ({ ticket: names.join(), expiresIn: 30 }) });
		connect("/", { headers: { Authorization: "Bearer x" }, shared: false, hiddenFor: 60_000 });
		connect("/", { headers: async () => ({ Authorization: "Bearer x" }) });
		// @ts-expect-error: a header is a text
		connect("/", { headers: { "X-Number": 1 } });
	});

	it("tells states, and why it has ended", () => {
		expectTypeOf(events).toEqualTypeOf<SseConnection>();
		expectTypeOf(events.state).toEqualTypeOf<State>();
		events.onEnd((reason, closeReason) => {
			expectTypeOf(reason).toEqualTypeOf<EndReason>();
			expectTypeOf(closeReason).toEqualTypeOf<string | undefined>();
		});
		expectTypeOf(events.on("order-update", () => {})).toEqualTypeOf<() => void>();
	});
});
