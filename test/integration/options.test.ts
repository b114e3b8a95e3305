import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import ApiGateway from "moleculer-web";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { SseError, SseMixin } from "../../mixins/sse/index.ts";
import { FLOOD, openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import {
	gatewaySchema,
	MIXIN_ORDERS,
	NOTHING,
	startGateway,
	TestGateway,
	TestNode
} from "../support/gateway/gateway.ts";

/** The error that stops a gateway with these options from being created. */
function problemOf(setup: { sse?: unknown; settings?: unknown }): SseError {
	const settings = setup.settings === undefined ? {} : { settings: { sse: setup.settings } };
	try {
		new TestGateway(new TestNode(), { sse: (setup.sse ?? {}) as SseMixinOptions, ...settings });
	} catch (error) {
		expect(error).toBeInstanceOf(SseError);
		return error as SseError;
	}
	throw new Error("the gateway was created");
}

const BAD: Record<string, { takes: string; values: unknown[] }> = {
	path: {
		takes: 'a path that starts with "/" and has no parameters or wildcards, or null for no route',
		values: ["", "/", "sse", "/a/", "/a b", "/:id", "/a/*rest", "/{a}", "/a?b", "/a#b", "/(a)"]
			.concat(["/a\\b", "/a+b", "/a!b", "/a[b]"])
			.concat([42, true, [], {}, () => "/a"] as never[])
	},
	session: {
		takes:
			"a function (ctx, req) => id | id[] | { ids, expiresAt } | null, with ids that are strings or whole " +
			"numbers, given to SseMixin() itself",
		values: ["alice", null, 7, {}, ["alice"]]
	},
	authorize: {
		takes:
			"a function (ctx, { sessionIds, eventNames, req }) => boolean, given to SseMixin() itself",
		values: [true, false, null, "yes", {}]
	},
	cookie: {
		takes: "{ name, secure, sameSite, path, domain }",
		values: [
			null,
			"sid",
			true,
			[],
			{ name: "" },
			{ name: "a b" },
			{ name: "a;b" },
			{ name: 7 },
			{ secure: "yes" },
			{ sameSite: "Lax" },
			{ path: "sse" },
			{ path: "/a;b" },
			{ domain: "" },
			{ domain: "a b" }
		].concat([
			// what browsers silently drop
			{ sameSite: "none" },
			{ sameSite: "none", secure: false },
			{ name: "__Secure-sid" },
			{ name: "__Host-sid" },
			{ name: "__host-sid", secure: true, path: "/sse" },
			{ name: "__Host-sid", secure: true, domain: "shop.example" }
		] as never[])
	},
	events: {
		takes: 'an object { "<event name>": { params, audience, as, conflate } }',
		values: [
			null,
			"news",
			["news"],
			true,
			{ news: 1 },
			{ "sse.x": {} },
			{ price: { conflate: "key" } },
			{ price: { as: "html" } }
		].concat([{ price: { conflate: false } }, { price: { fold: true } }] as never[])
	},
	ticket: {
		takes: "{ secret | secrets, expiresIn }",
		values: [true, "secret", 7, [], { expiresIn: "30s" }, { secret: "short" }]
	},
	inspector: {
		takes:
			'{ path, authorize }: a path that starts with "/" and has no parameters or wildcards, and a function ' +
			"(ctx, req, res) => boolean that says who may look, given to SseMixin() itself; both are required; or null " +
			"for none",
		values: [true, "/sse/inspector", [], {}, { path: "/sse/inspector" }, { authorize: () => true }]
			.concat([{ path: "sse", authorize: () => true }] as never[])
			.concat([{ path: "/:id", authorize: () => true }] as never[])
			.concat([{ path: "/inspector", authorize: true }] as never[])
	},
	timeout: {
		takes: "a whole number of milliseconds, 0 or more (0 = never)",
		values: [-1, 1.5, "1000", Number.NaN, Number.POSITIVE_INFINITY, null, true, {}, [], 10n]
	},
	heartbeat: {
		takes: "a whole number of milliseconds, 0 or more (0 = off)",
		values: [-1, 0.5, "15s", Number.NaN, Number.POSITIVE_INFINITY, null, false, {}, []]
	},
	retry: {
		takes: "[min, max] in whole milliseconds with 0 <= min <= max, or null for none",
		values: [
			0,
			3000,
			"3000",
			[],
			[1],
			[1, 2, 3],
			[2, 1],
			[-1, 1],
			[0.5, 1],
			["1", "2"],
			{},
			false
		].concat([
			[Number.NaN, 1],
			[1, null]
		] as never[])
	},
	history: {
		takes:
			"{ maxBytes, maxAge }: a whole number of bytes, 65,536 or more, and of milliseconds, 1,000 or more; " +
			"or null for none",
		values: [
			0,
			false,
			"64 MiB",
			[],
			{ maxBytes: 65_535 },
			{ maxBytes: 1e6 + 0.5 },
			{ maxBytes: null },
			{ maxAge: 999 },
			{ maxAge: "5m" }
		]
	},
	buffer: {
		takes:
			'{ maxBytes, policy, stallTimeout }: a whole number of bytes, 1,024 or more; "disconnect", ' +
			'"dropOldest" or "conflate"; and milliseconds, 0 or more (0 = never)',
		values: [
			null,
			1024,
			"1 MiB",
			[],
			{ maxBytes: 1023 },
			{ maxBytes: 2048.5 },
			{ maxBytes: "2048" },
			{ maxBytes: null },
			{ policy: "drop" },
			{ policy: null },
			{ stallTimeout: -1 },
			{ stallTimeout: null }
		]
	},
	limits: {
		takes:
			"{ streams, streamsPerSession, streamsPerIp, opensPerSecond, eventNames, eventNamesPerStream, eventBytes, recipientsPerEvent }",
		values: [null, 0, "many", [], { streams: -1 }, { streams: 1.5 }, { streams: "7" }].concat([
			{ streamsPerSession: null },
			{ eventBytes: Number.POSITIVE_INFINITY }
		] as never[])
	},
	trustProxy: {
		takes: "the number of proxies in front",
		values: [null, -1, 1.5, "", "1", [], [""], ["2"], [7], {}]
	},
	refusals: {
		takes: '"stream" or "http"',
		values: ["json", "", 0, true, false, null, {}, []]
	},
	drain: {
		takes: "a whole number of milliseconds, 0 or more (0 = at once)",
		values: [-1, 0.5, "5s", Number.NaN, null, false, {}, []]
	},
	compression: {
		takes: "{ threshold }: a whole number of bytes, 0 or more; or null for none",
		values: [true, 1024, "gzip", [], { threshold: -1 }, { threshold: "1k" }]
	},
	client: {
		takes: 'a path that starts with "/" and has no parameters or wildcards, or null for none',
		values: [true, "", "client.js", "/:file", "/client js", "/sse/*", 0, {}]
	}
};

const cases = Object.entries(BAD).flatMap(([option, { takes, values }]) =>
	values.map(value => [option, value, takes] as const)
);

describe("a wrong option stops the start, and the error names what it takes", () => {
	it.each(cases)("SseMixin({ %s: %p })", (option, value, takes) => {
		const error = problemOf({ sse: { [option]: value } });

		expect(error).toMatchObject({
			name: "SseError",
			type: "SSE_INVALID_OPTION",
			data: { option }
		});
		expect(error.message).toContain(`option "${option}" takes ${takes}`);
	});

	it.each(cases)("settings.sse = { %s: %p }", (option, value, takes) => {
		const error = problemOf({ settings: { [option]: value } });

		expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option } });
		expect(error.message).toContain(`option "${option}" takes ${takes}`);
	});

	// The error showed the defaults, and was cut off before the misspelt field.
	it.each([
		["cookie", { maxAge: 1 }, 'has no "maxAge"; it takes name, secure, sameSite, path, domain.'],
		["history", { max: 1 }, 'has no "max"; it takes maxBytes, maxAge.'],
		["buffer", { max: 2048 }, 'has no "max"; it takes maxBytes, policy, stallTimeout.'],
		["limits", { stream: 5 }, 'has no "stream"; it takes streams, streamsPerSession,'],
		["compression", { level: 9 }, 'has no "level"; it takes threshold.']
	])("%s: %p, with a field that does not exist", (option, value, says) => {
		for (const setup of [{ sse: { [option]: value } }, { settings: { [option]: value } }]) {
			const error = problemOf(setup as never);
			expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option } });
			expect(error.message).toContain(`option "${option}" ${says}`);
		}
	});

	it("shows what was given of a group, and not the defaults of its other fields", () => {
		const { message } = problemOf({ sse: { buffer: { policy: "drop" } as never } });
		expect(message).toContain('; got {"policy":"drop"}.');
	});

	it.each(["session", "authorize", "events", "ticket", "inspector"])(
		"settings.sse = { %s: a function }",
		option => {
			const error = problemOf({ settings: { [option]: () => "alice" } });

			expect(error).toMatchObject({ type: "SSE_INVALID_OPTION", data: { option } });
			expect(error.message).toContain("itself");
		}
	);

	it.each(["paths", "Timeout", "maxBytes", "toString", "constructor", "__proto__"])(
		"an unknown option: %s",
		option => {
			const options = JSON.parse(`{ "${option}": 1 }`);
			const known = Object.keys(BAD);

			for (const [setup, source] of [
				[{ sse: options }, "SseMixin()"],
				[{ settings: options }, "settings.sse"]
			] as const) {
				// Moleculer's own merge of settings drops a key of this name
				if (option === "__proto__" && source === "settings.sse") continue;
				const error = problemOf(setup);
				expect(error).toMatchObject({
					type: "SSE_INVALID_OPTION",
					data: { option, accepted: known }
				});
				expect(error.message).toBe(
					`${source}: unknown option "${option}"; it takes ${known.join(", ")}.`
				);
			}
		}
	);

	it.each(["10.0.0.0/33", "proxy.local", ["10.0.0.1", "nonsense"]])(
		"a trusted proxy that is not an address: %j",
		trustProxy => {
			expect(problemOf({ sse: { trustProxy } })).toMatchObject({
				type: "SSE_INVALID_OPTION",
				data: { option: "trustProxy" }
			});
		}
	);

	it.each(["timeout", 7, [], true, () => ({})])("%p in place of options", options => {
		expect(problemOf({ sse: options }).message).toContain("SseMixin() takes an object of options");
	});

	it.each(["timeout", 7, true])("settings.sse = %p", settings => {
		expect(problemOf({ settings }).message).toContain("settings.sse takes an object of options");
	});
});

describe("a correct option", () => {
	it.each([
		{},
		{ path: "/a" },
		{ path: "/a-b/c_d.e/~f" },
		{ path: null },
		{ path: undefined },
		{ timeout: 0, heartbeat: 0, retry: null },
		{ retry: [0, 0] },
		{ buffer: {} },
		{ buffer: { maxBytes: 1024 } },
		{ buffer: { policy: "disconnect" } },
		{ session: undefined, authorize: undefined },
		{ limits: {} },
		{ limits: { streams: 0, streamsPerIp: 10 }, trustProxy: 2 },
		{ trustProxy: ["loopback", "10.0.0.0/8", "::1"] },
		{ trustProxy: "uniquelocal" },
		{ trustProxy: true },
		{ drain: 0 },
		{ ticket: null },
		{ inspector: null },
		{ inspector: { path: "/a", authorize: () => false } }
	])("starts: %p", async sse => {
		const gateway = await startGateway({ sse: sse as SseMixinOptions });

		expect(gateway.held).toEqual(NOTHING);
	});

	it("is not changed by being used", async () => {
		const sse: SseMixinOptions = Object.freeze({
			retry: Object.freeze([1, 2] as const),
			buffer: Object.freeze({ maxBytes: 2048 })
		});
		await startGateway({ sse });

		expect(sse).toEqual({ retry: [1, 2], buffer: { maxBytes: 2048 } });
	});
});

describe("settings.sse", () => {
	it.each(MIXIN_ORDERS)("override the factory's argument, in the order %s", async order => {
		const gateway = await startGateway({
			order,
			sse: { path: "/factory", retry: [1, 1] },
			settings: { sse: { path: "/settings" } }
		});
		const stream = await openStream(gateway.at("/settings", "news"));

		expect(stream.retries).toEqual([1]);
	});

	it("may take away what the factory gave", async () => {
		const gateway = await startGateway({
			sse: { retry: [1, 1], path: "/a" },
			settings: { sse: { retry: null, path: null } }
		});

		expect(gateway.service.settings).toMatchObject({ routes: [{ path: "/" }] });
	});

	it("leave the rest of a group to the factory", async () => {
		const gateway = await startGateway({
			sse: { buffer: { maxBytes: 1024 } },
			settings: { sse: { buffer: { policy: "disconnect" } } }
		});
		const stream = await openStream(gateway.url("news"));
		stream.stall();
		await gateway.send({ eventName: "news", sessionId: "*", payload: FLOOD });
		await turn();
		await gateway.send({ eventName: "news", sessionId: "*", payload: "x".repeat(2048) });

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("are all that the cluster sees of the options", async () => {
		const secret = "a secret of the resolver";
		const gateway = await startGateway({
			sse: {
				session: () => secret,
				timeout: 12_345,
				heartbeat: 23_456,
				buffer: { maxBytes: 4567 }
			},
			settings: { sse: { retry: [1, 2] }, routes: [] }
		});
		const services =
			await gateway.broker.call<{ name: string; settings: object }[]>("$node.services");
		const { settings } = services.find(({ name }) => name === "api") as { settings: object };

		expect(settings).toMatchObject({ sse: { retry: [1, 2] } });
		expect((settings as { sse: object }).sse).toEqual({ retry: [1, 2] });
		expect(JSON.stringify(services)).not.toMatch(/secret|12345|23456|4567/);
	});
});

describe("one mixin", () => {
	it("serves several services, and keeps their state separate", async () => {
		const mixin = SseMixin({ retry: [7, 7] });
		const node = new TestNode();
		const [one, two] = ["one", "two"].map(name => {
			const { mixins: _, ...schema } = gatewaySchema({ name });
			const service = node.broker.createService({ ...schema, mixins: [mixin, ApiGateway] });
			return Object.assign(Object.create(TestGateway.prototype), { node, service }) as TestGateway;
		}) as [TestGateway, TestGateway];
		await node.broker.start();
		const streams = [
			await openStream(one.url("news"), { session: "alice" }),
			await openStream(two.url("news"), { session: "alice" })
		];
		await node.send({ eventName: "news", sessionId: "alice", payload: 1 });

		for (const stream of streams) {
			await stream.next("news");
			expect(stream.retries).toEqual([7]);
			expect(stream.received("news")).toEqual([1]);
		}
		streams[0]?.close();
		await eventually(() => expect(one.held).toEqual(NOTHING));
		expect(two.held.streams).toBe(1);

		await node.broker.destroyService(one.service);
		await node.send({ eventName: "news", sessionId: "alice", payload: 2 });
		await streams[1]?.next("news", 2);
	});

	it("serves services with settings of their own", async () => {
		const mixin = SseMixin({ path: "/factory" });
		const node = new TestNode();
		const create = (name: string, sse: object) => {
			const { mixins: _, ...schema } = gatewaySchema({ name, settings: { sse } });
			return node.broker.createService({ ...schema, mixins: [mixin, ApiGateway] });
		};
		const pathsOf = (service: { settings: object }) =>
			(service.settings as { routes: { path: string }[] }).routes.map(({ path }) => path);

		expect(pathsOf(create("one", { path: "/one" }))).toEqual(["/", "/one"]);
		expect(pathsOf(create("two", {}))).toEqual(["/", "/factory"]);
	});
});
