import { expectTypeOf } from "expect-type";
import type { Context } from "moleculer";
import {
	type SessionResolver,
	type SseAuthorizer,
	type SseGatewayRequest,
	SseMixin,
	type SseStreamAccess,
	visitorSession
} from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

interface User {
	id: string;
	tenant: string;
}

describe("a session resolver", () => {
	it("returns an id, several, or none", () => {
		SseMixin({ session: () => "a" });
		SseMixin({ session: () => ["a", "b"] });
		SseMixin({ session: () => ["a", "b"] as const });
		SseMixin({ session: () => 42 });
		SseMixin({ session: () => ["a", 42] });
		SseMixin({ session: () => [] });
		SseMixin({ session: () => null });
		SseMixin({ session: () => undefined });
	});

	it("may be asynchronous", () => {
		SseMixin({ session: async () => "a" });
		SseMixin({ session: async () => ["a", "b"] });
		SseMixin({ session: async () => null });
		SseMixin({ session: async () => undefined });
	});

	it("may say when the session ends", () => {
		SseMixin({ session: () => ({ ids: "a", expiresAt: Date.now() + 1000 }) });
		SseMixin({ session: async () => ({ ids: ["a", "b"], expiresAt: new Date() }) });
		SseMixin({ session: () => ({ ids: ["a"] as const }) });
		// @ts-expect-error of whom?
		SseMixin({ session: () => ({ expiresAt: 1 }) });
		// @ts-expect-error a text is no time
		SseMixin({ session: () => ({ ids: "a", expiresAt: "1" }) });
	});

	it("gets the request's context and the request", () => {
		SseMixin({
			session(ctx, req) {
				expectTypeOf(ctx.call).toBeFunction();
				expectTypeOf(req).toEqualTypeOf<SseGatewayRequest>();
				expectTypeOf(req.headers.authorization).toEqualTypeOf<string | undefined>();
				return null;
			}
		});
	});

	it("may type what the application's authentication has put into `ctx.meta`", () => {
		SseMixin({ session: ctx => ctx.meta.user?.id });
		const byUser = async (ctx: Context<unknown, { user: User }>) => [
			ctx.meta.user.id,
			`tenant:${ctx.meta.user.tenant}`
		];
		SseMixin({ session: byUser });
		expectTypeOf(byUser).toExtend<SessionResolver>();
	});

	it("may tell visitors and users apart", () => {
		SseMixin({ session: visitorSession });
		SseMixin({
			session: (ctx, req) =>
				ctx.meta.user ? [`user:${ctx.meta.user.id}`, "users"] : visitorSession(ctx, req)
		});
		expectTypeOf(visitorSession).returns.toEqualTypeOf<string>();
	});

	it("returns nothing that is not an id", () => {
		// @ts-expect-error a BigInt
		SseMixin({ session: () => 42n });
		// @ts-expect-error an array of something else
		SseMixin({ session: () => ["a", true] });
		// @ts-expect-error true is no session
		SseMixin({ session: async () => true });
		// @ts-expect-error a third parameter
		SseMixin({ session: (_ctx, _req, res: { end(): void }) => res.end() });
	});
});

describe("an authorizer", () => {
	it("gives a boolean, at once or later", () => {
		SseMixin({ authorize: () => true });
		SseMixin({ authorize: () => false });
		SseMixin({ authorize: async () => false });
	});

	it("gets who asks, for which events, and the request", () => {
		SseMixin({
			authorize(ctx, access) {
				expectTypeOf(ctx.call).toBeFunction();
				expectTypeOf(access).toEqualTypeOf<SseStreamAccess>();
				expectTypeOf(access.sessionIds).toEqualTypeOf<readonly string[]>();
				expectTypeOf(access.eventNames).toEqualTypeOf<readonly string[]>();
				expectTypeOf(access.req).toEqualTypeOf<SseGatewayRequest>();
				return access.eventNames.every(name => !name.startsWith("admin."));
			}
		});
		const byUser = (ctx: Context<unknown, { user: User }>) => ctx.meta.user.tenant === "a";
		expectTypeOf(byUser).toExtend<SseAuthorizer>();
	});

	it("returns nothing else: forgetting to return must not compile", () => {
		// @ts-expect-error nothing
		SseMixin({ authorize: () => {} });
		// @ts-expect-error nothing, later
		SseMixin({ authorize: async () => {} });
		// @ts-expect-error what is truthy is not allowed
		SseMixin({ authorize: () => "yes" });
		// @ts-expect-error null is an answer of `session`
		SseMixin({ authorize: () => null });
	});
});
