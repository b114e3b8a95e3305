import { expectTypeOf } from "expect-type";
import type { BrokerOptions, Context, Middleware, Service, ServiceSchema } from "moleculer";
import { ServiceBroker } from "moleculer";
import ApiGateway, {
	type ApiSettingsSchema,
	type IncomingRequest,
	type GatewayResponse as WebResponse
} from "moleculer-web";
import {
	type SseGateway,
	SseMiddleware,
	SseMixin,
	type SseMixinOptions,
	sseSession
} from "../../mixins/sse/index.ts";
import { describe, it } from "../support/type-test.ts";

describe("SseMixin", () => {
	it("is a mixin of a service, in either order", () => {
		({ name: "api", mixins: [SseMixin(), ApiGateway] }) satisfies ServiceSchema;
		({ name: "api", mixins: [ApiGateway, SseMixin()] }) satisfies ServiceSchema;
		const schema: ServiceSchema = { name: "api", mixins: [SseMixin({ path: null }), ApiGateway] };
		new ServiceBroker().createService(schema);
		expectTypeOf(SseMixin).returns.toExtend<Partial<ServiceSchema>>();
	});

	it("is a mixin of a service with typed settings", () => {
		const schema: ServiceSchema<ApiSettingsSchema> = {
			name: "api",
			mixins: [SseMixin(), ApiGateway],
			settings: {
				routes: [
					{
						path: "/live",
						aliases: {
							"GET /events": { type: "sse" },
							"GET /chat": { type: "sse", eventNames: ["chat.message"], auth: "required" },
							"GET /feed": [(_req, _res, next) => next?.(), { type: "sse" } as never]
						}
					}
				]
			}
		};
		new ServiceBroker().createService(schema);
	});

	it("leaves room for plain options in typed settings", () => {
		type Settings = ApiSettingsSchema & { sse?: Omit<SseMixinOptions, "session" | "authorize"> };
		({
			name: "api",
			mixins: [SseMixin(), ApiGateway],
			settings: { port: 3000, sse: { heartbeat: 5000 } }
		}) satisfies ServiceSchema<Settings>;
	});
});

describe("SseGateway", () => {
	it("is `this` in a route's hooks", () => {
		({
			name: "api",
			mixins: [SseMixin(), ApiGateway],
			settings: {
				routes: [
					{
						path: "/api",
						aliases: { "POST /orders": "orders.place" },
						async onBeforeCall(this: SseGateway, ctx, _route, req, res) {
							const ids = await this.sseSession(ctx, req, res);
							expectTypeOf(ids).toEqualTypeOf<readonly string[] | null>();
						}
					}
				]
			}
		}) satisfies ServiceSchema<ApiSettingsSchema>;
	});

	// An action that said `this: SseGateway`, as a hook does, did not compile.
	it("is `this` in the service's actions and methods", () => {
		({
			name: "api",
			mixins: [SseMixin(), ApiGateway],
			actions: {
				health(ctx) {
					expectTypeOf(this.sseReady()).toBeBoolean();
					expectTypeOf(this.broker).toEqualTypeOf<ServiceBroker>();
					if (!this.sseReady()) ctx.meta.$statusCode = 503;
				},
				ready: {
					handler(this: SseGateway) {
						return this.sseReady();
					}
				}
			},
			methods: {
				log() {
					this.logger.info(this.sseReady());
				}
			}
		}) satisfies ServiceSchema<ApiSettingsSchema, SseGateway>;
	});

	it("has what every service has", () => {
		const hook = async function (this: SseGateway): Promise<void> {
			this.logger.info(this.name);
			await this.broker.call("users.find");
		};
		expectTypeOf(hook).thisParameter.toEqualTypeOf<SseGateway>();
		expectTypeOf<Service & SseGateway>().toExtend<SseGateway>();
	});

	it("takes what moleculer-web passes to its hooks, whatever the meta", () => {
		type Call = (
			ctx: Context<{ id: string }, { sessionId: string }>,
			req: IncomingRequest,
			res: WebResponse
		) => Promise<readonly string[] | null>;
		expectTypeOf<SseGateway["sseSession"]>().toExtend<Call>();
	});

	it("needs context, request and response", () => {
		const gateway = {} as SseGateway;
		const [ctx, req] = [{} as Context, {} as IncomingRequest];
		// @ts-expect-error no response: a cookie could not be issued
		gateway.sseSession(ctx, req);
		// @ts-expect-error there is nothing else
		gateway.sseStreams;
	});
});

describe("sseSession", () => {
	// A hook had to be written with `this: SseGateway`: without it, `this` was the settings' own object.
	it("is a route's `onBeforeCall` as it is", () => {
		({
			name: "api",
			mixins: [SseMixin(), ApiGateway],
			settings: {
				routes: [
					{ path: "/api", aliases: { "POST /orders": "orders.place" }, onBeforeCall: sseSession }
				]
			}
		}) satisfies ServiceSchema<ApiSettingsSchema>;
		const settings: ApiSettingsSchema = { routes: [{ path: "/api", onBeforeCall: sseSession }] };
		expectTypeOf(settings).toExtend<ApiSettingsSchema>();
	});

	it("is called with the service as `this`", () => {
		const [ctx, req, res] = [{} as Context, {} as IncomingRequest, {} as WebResponse];
		sseSession.call({} as SseGateway, ctx, {}, req, res);
		// @ts-expect-error no service
		sseSession(ctx, {}, req, res);
	});
});

describe("SseMiddleware", () => {
	it("is a middleware of a broker", () => {
		({ middlewares: [SseMiddleware()] }) satisfies BrokerOptions;
		new ServiceBroker({ middlewares: [SseMiddleware(), { name: "another" }] });
		expectTypeOf(SseMiddleware).returns.toEqualTypeOf<Middleware>();
	});

	it("has to be called", () => {
		// @ts-expect-error the factory itself
		({ middlewares: [SseMiddleware] }) satisfies BrokerOptions;
	});
});
