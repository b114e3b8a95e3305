import { expectTypeOf } from "expect-type";
import type { Context } from "moleculer";
import type { SseSend } from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

const [eventName, sessionId, payload] = ["order-update", "a", { status: "paid" }];

describe("SseSend", () => {
	it("addresses a session, several, or everyone", () => {
		({ eventName, sessionId, payload }) satisfies SseSend;
		({ eventName, sessionId: ["a", "b"], payload }) satisfies SseSend;
		({ eventName, sessionId: ["a", "b"] as const, payload }) satisfies SseSend;
		({ eventName, sessionId: "*", payload }) satisfies SseSend;
		({ eventName, sessionId: 42, payload }) satisfies SseSend;
		({ eventName, sessionId: ["a", 42], payload }) satisfies SseSend;
		({ eventName, sessionId: [], payload }) satisfies SseSend;
	});

	it("takes any payload, and null for none", () => {
		({ eventName, sessionId, payload: null }) satisfies SseSend;
		({ eventName, sessionId, payload: [1, "a", true] }) satisfies SseSend;
		expectTypeOf<SseSend["payload"]>().toEqualTypeOf<unknown>();
	});

	it("ties the payload to a type if one is given", () => {
		interface OrderUpdate {
			status: "open" | "paid";
		}
		({ eventName, sessionId, payload: { status: "paid" } }) satisfies SseSend<OrderUpdate>;
		// @ts-expect-error no such status
		({ eventName, sessionId, payload: { status: "lost" } }) satisfies SseSend<OrderUpdate>;
		expectTypeOf<SseSend<OrderUpdate>["payload"]>().toEqualTypeOf<OrderUpdate>();
	});

	it("checks what is broadcast", () => {
		const place = async (ctx: Context<unknown, { sessionId: string }>): Promise<void> => {
			const { sessionId } = ctx.meta;
			await ctx.broadcast<SseSend>("sse.send", { eventName, sessionId, payload });
			// @ts-expect-error nobody is addressed
			await ctx.broadcast<SseSend>("sse.send", { eventName, payload });
		};
		expectTypeOf(place).toBeFunction();
	});

	it("refuses what is missing, mistyped or unknown", () => {
		// @ts-expect-error nobody is addressed
		({ eventName, payload }) satisfies SseSend;
		// @ts-expect-error no name
		({ sessionId, payload }) satisfies SseSend;
		// @ts-expect-error no payload
		({ eventName, sessionId }) satisfies SseSend;
		// @ts-expect-error session ids are strings or numbers
		({ eventName, sessionId: true, payload }) satisfies SseSend;
		// @ts-expect-error the id is given by the middleware
		({ eventName, sessionId, payload, id: "1" }) satisfies SseSend;
	});
});
