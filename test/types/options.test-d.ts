import { expectTypeOf } from "expect-type";
import {
	type BufferOptions,
	SseMiddleware,
	type SseMiddlewareOptions,
	SseMixin,
	type SseMixinOptions
} from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

describe("SseMixin", () => {
	it("takes no options, each alone, and all of them", () => {
		SseMixin();
		SseMixin({});
		SseMixin({ path: "/live" });
		SseMixin({
			path: "/live",
			session: () => "a",
			authorize: () => true,
			timeout: 60_000,
			heartbeat: 5000,
			retry: [1000, 2000],
			buffer: { maxBytes: 4096, policy: "disconnect" },
			refusals: "http"
		});
	});

	it("takes the values that turn an option off", () => {
		SseMixin({ path: null, timeout: 0, heartbeat: 0, retry: null });
	});

	it("takes a part of the buffer's options", () => {
		SseMixin({ buffer: {} });
		SseMixin({ buffer: { maxBytes: 4096 } });
		SseMixin({ buffer: { policy: "disconnect" } });
	});

	it("takes a part of the cookie's options", () => {
		SseMixin({ cookie: {} });
		SseMixin({ cookie: { name: "__Host-sid", secure: true } });
		SseMixin({ cookie: { secure: "auto", sameSite: "none", path: "/", domain: null } });
		// @ts-expect-error as in the header
		SseMixin({ cookie: { sameSite: "Lax" } });
		// @ts-expect-error it is always HttpOnly
		SseMixin({ cookie: { httpOnly: false } });
	});

	it("takes an inspector with both of its fields", () => {
		SseMixin({ inspector: null });
		SseMixin({ inspector: { path: "/i", authorize: (_ctx, req) => req.method === "GET" } });
		SseMixin({ inspector: { path: "/i", authorize: async ctx => ctx.meta.user?.role === "x" } });
		// @ts-expect-error nobody may look by default
		SseMixin({ inspector: { path: "/i" } });
		// @ts-expect-error there is no default path
		SseMixin({ inspector: { authorize: () => true } });
	});

	it("takes a range that is read-only", () => {
		SseMixin({ retry: [1000, 2000] as const });
	});

	it("refuses an unknown option", () => {
		// @ts-expect-error a typing error
		SseMixin({ heartbeet: 1000 });
		// @ts-expect-error in a group, too
		SseMixin({ buffer: { bytes: 4096 } });
	});

	it("refuses values of the wrong type", () => {
		// @ts-expect-error not a path
		SseMixin({ path: 1 });
		// @ts-expect-error not a path, and null is what turns it off
		SseMixin({ path: false });
		// @ts-expect-error milliseconds are numbers
		SseMixin({ timeout: "3m" });
		// @ts-expect-error 0 is what turns it off
		SseMixin({ heartbeat: null });
		// @ts-expect-error no such policy
		SseMixin({ refusals: "json" });
		// @ts-expect-error not a range
		SseMixin({ retry: 1000 });
		// @ts-expect-error half a range
		SseMixin({ retry: [1000] });
		// @ts-expect-error no such policy
		SseMixin({ buffer: { policy: "drop" } });
		// @ts-expect-error not a function
		SseMixin({ session: "sid" });
		// @ts-expect-error not a function
		SseMixin({ authorize: true });
	});

	it("has options that can be named", () => {
		expectTypeOf(SseMixin).parameter(0).toEqualTypeOf<SseMixinOptions | undefined>();
		expectTypeOf<SseMixinOptions["buffer"]>().toEqualTypeOf<Partial<BufferOptions> | undefined>();
	});
});

describe("SseMiddleware", () => {
	it("takes no options, and some of them", () => {
		SseMiddleware();
		SseMiddleware({});
		SseMiddleware({ limits: {} });
		expectTypeOf(SseMiddleware).parameter(0).toEqualTypeOf<SseMiddlewareOptions | undefined>();
	});

	it("refuses an unknown option", () => {
		// @ts-expect-error an option of SseMixin
		SseMiddleware({ heartbeat: 1000 });
	});
});
