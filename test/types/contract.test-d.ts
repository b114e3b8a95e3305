import { expectTypeOf } from "expect-type";
import type { Context, ServiceBroker } from "moleculer";
import {
	type EventsContract,
	SseMiddleware,
	SseMixin,
	type SsePayload,
	type SseTextEvents,
	sseSend
} from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

/** Like `typeof` of a contract. */
type Contract = {
	row: { as: "text"; audience: "public" };
	"order-update": { audience: "session" };
};

declare module "../../mixins/sse/moleculer/sender/send.ts" {
	interface SseEvents extends SseTextEvents<Contract> {
		news: string;
		"order-update": { status: "open" | "paid" };
	}
}

const ctx = {} as Context;
const sessionId = "alice";

describe("sseSend", () => {
	it("ties the payload to the event's name", () => {
		sseSend(ctx, { eventName: "order-update", sessionId, payload: { status: "paid" } });
		sseSend(ctx, { eventName: "news", sessionId: "*", payload: "hello" }, { throwError: true });
		expectTypeOf<SsePayload<"order-update">>().toEqualTypeOf<{ status: "open" | "paid" }>();
	});

	it("ties a text's to a string, by the contract alone", () => {
		sseSend(ctx, { eventName: "row", sessionId, payload: "<tr>" });
		expectTypeOf<SsePayload<"row">>().toEqualTypeOf<string>();
		// @ts-expect-error no text
		sseSend(ctx, { eventName: "row", sessionId, payload: { html: "<tr>" } });
	});

	it("takes a context and a broker", () => {
		sseSend({} as Context<{ id: string }, { user: string }>, {
			eventName: "news",
			sessionId: ["a", "b"],
			payload: "hello"
		});
		sseSend({} as ServiceBroker, { eventName: "news", sessionId, payload: "hello" });
	});

	it("does not compile with a wrong payload", () => {
		// @ts-expect-error no such status
		sseSend(ctx, { eventName: "order-update", sessionId, payload: { status: "lost" } });
		// @ts-expect-error another event's payload
		sseSend(ctx, { eventName: "news", sessionId, payload: { status: "paid" } });
		// @ts-expect-error no payload
		sseSend(ctx, { eventName: "news", sessionId });
	});

	it("does not compile with an unknown name, or without an address", () => {
		// @ts-expect-error no such event
		sseSend(ctx, { eventName: "order-updated", sessionId, payload: { status: "paid" } });
		// @ts-expect-error nobody is addressed
		sseSend(ctx, { eventName: "news", payload: "hello" });
	});
});

describe("events, the contract", () => {
	it("is an option of both halves", () => {
		const events: EventsContract = {
			news: { audience: "public" },
			"order-update": { params: { status: { type: "enum", values: ["open", "paid"] } } },
			anything: {}
		};
		SseMixin({ events });
		SseMiddleware({ events, limits: { eventBytes: 65_536 } });
	});

	// A separate object: its audience is any string, which the option does not take.
	it("as a separate object says what it satisfies", () => {
		const events = { price: { audience: "public" }, "order-update": {} } satisfies EventsContract;
		SseMixin({ events });
		SseMiddleware({ events });
		expectTypeOf<keyof typeof events>().toEqualTypeOf<"price" | "order-update">();
		const widened = { price: { audience: "public" } };
		// @ts-expect-error audience is any string
		SseMixin({ events: widened });
		// @ts-expect-error no such audience
		({ price: { audience: "everyone" } }) satisfies EventsContract;
	});

	it("says which events are texts, and a text is a string", () => {
		const events = {
			row: { as: "text", conflate: (text: string) => text.length },
			price: { as: "json" },
			news: {}
		} satisfies EventsContract;
		SseMixin({ events });
		SseMiddleware({ events });
		expectTypeOf<SseTextEvents<typeof events>>().toEqualTypeOf<{ row: string }>();
		interface Payloads extends SseTextEvents<typeof events> {
			price: { symbol: string };
		}
		expectTypeOf<Payloads["row"]>().toEqualTypeOf<string>();
		// @ts-expect-error a text's payload is a string
		interface Wrong extends SseTextEvents<typeof events> {
			row: { html: string };
		}
		expectTypeOf<Wrong>().not.toBeAny();
		// @ts-expect-error no such form
		SseMixin({ events: { row: { as: "html" } } });
	});

	it("has no other members, and no other audiences", () => {
		// @ts-expect-error no such audience
		SseMixin({ events: { news: { audience: "all" } } });
		// @ts-expect-error a typing error
		SseMiddleware({ events: { news: { param: {} } } });
	});
});
