import type { ServerResponse } from "node:http";
import { describe, expect, it, jest } from "@jest/globals";
import type { ErrorRequestHandler } from "express";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { RawSocket } from "../support/clients/raw-socket.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { metric } from "../support/gateway/metrics.ts";
import { hurry } from "../support/hurry.ts";
import { runningTime } from "../support/running-time.ts";

// A node that stopped waited for what had not been answered: up to 25 seconds for an application that took its time, and for
// ever with `refusals: "http"`.

const DRAIN = /^retry: \d+\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/;
/** Far less than the patience with the application. */
const SOON = 3000;

type Hook = () => Promise<unknown>;

/** Where a request may hang. */
const WHERE: Readonly<
	Record<string, (hang: Hook) => { sse?: SseMixinOptions; route?: Record<string, unknown> }>
> = {
	session: hang => ({ sse: { session: hang as never } }),
	authorize: hang => ({ sse: { session: () => "alice", authorize: hang as never } }),
	"a middleware": hang => ({ route: { use: [() => void hang()] } }),
	onBeforeCall: hang => ({ route: { onBeforeCall: hang } })
};

function start(
	where: string,
	hang: Hook,
	sse: SseMixinOptions = {},
	settings: Record<string, unknown> = {}
): Promise<TestGateway> {
	const { sse: own, route } = (WHERE[where] as NonNullable<(typeof WHERE)[string]>)(hang);
	return startGateway({
		sse: { path: null, drain: 500, ...own, ...sse },
		settings: {
			routes: [{ path: "/", aliases: { "GET /live": { type: "sse" } }, ...route }],
			...settings
		},
		broker: { metrics: true }
	});
}

describe.each(["stream", "http"] as const)("a node that stops, with refusals: %s", refusals => {
	it.each(Object.keys(WHERE))(
		"sends on whoever waits for %s at once, and waits for nobody",
		async where => {
			const gate = createGate<never>();
			const gateway = await start(where, () => gate.wait(), { refusals });
			const waiting = requestStream(gateway.at("/live", "news"));
			await gate.reached;
			const took = await runningTime(() => gateway.broker.stop());
			const stream = await waiting;
			await stream.end;

			expect(took).toBeLessThan(SOON);
			expect([stream.status, stream.text]).toEqual([200, expect.stringMatching(DRAIN)]);
			expect(metric(gateway.broker, "streams.refused{drain}")).toBe(1);
			gate.open("alice" as never);
			await new Promise(setImmediate);
			expect(gateway.held).toEqual(NOTHING);
		}
	);
});

describe("who waits when a node stops", () => {
	it("gets the CORS headers of the route if a middleware is waited for", async () => {
		let hanging = 0;
		const gateway = await startGateway({
			sse: { path: null },
			settings: {
				routes: [
					{
						path: "/",
						cors: { origin: "https://shop.example" },
						use: [() => void hanging++],
						aliases: { "GET /live": { type: "sse" } }
					}
				]
			}
		});
		const url = gateway.at("/live", "news");
		const ours = requestStream(url, { headers: { origin: "https://shop.example" } });
		const theirs = refusal(url, { headers: { origin: "https://elsewhere.example" } });
		const wrong = refusal(gateway.at("/live"));
		await eventually(() => expect(hanging).toBe(3));
		await gateway.broker.stop();

		expect((await ours).headers).toMatchObject({
			"access-control-allow-origin": "https://shop.example"
		});
		expect((await theirs).status).toBe(403);
		expect((await wrong).error.type).toBe("SSE_INVALID_REQUEST");
	});

	it("behind a stream of its connection is not waited for", async () => {
		const gate = createGate<never>();
		const gateway = await startGateway({
			sse: {
				drain: 500,
				session: (_ctx, { url = "" }) => (url.includes("first") ? "alice" : gate.wait())
			}
		});
		const raw = new RawSocket(gateway.origin);
		raw.get(gateway.url("first"), gateway.url("second"));
		await raw.until("sse.open");
		await gate.reached;
		const took = await runningTime(() => gateway.broker.stop());
		await raw.closed;

		expect(took).toBeLessThan(SOON);
		// The connection ends with its first stream.
		expect(raw.text).toContain('"reason":"drain"');
	});

	it("and comes while it stops is sent on as soon", async () => {
		let hangs = false;
		const use = [(_req: unknown, _res: unknown, next: () => void) => void (hangs || next())];
		const gateway = await startGateway({
			sse: { path: null, drain: 2000 },
			settings: { routes: [{ path: "/", use, aliases: { "GET /live": { type: "sse" } } }] }
		});
		const streams = [];
		for (let n = 0; n < 200; n++) streams.push(openStream(gateway.at("/live", "news")));
		await Promise.all(streams);
		hangs = true;
		const stopped = gateway.broker.stop();
		const { text } = await send(gateway.at("/live", "news"));
		const took = await runningTime(() => stopped);

		expect(text).toMatch(DRAIN);
		expect(took).toBeLessThan(2000 + SOON);
	});

	it.each([
		["a ticket", "POST", "/ticket"],
		["the inspector", "GET", "/look"]
	])("for %s is refused soon", async (_, method, path) => {
		const gate = createGate<never>();
		const hang = () => gate.wait();
		const gateway = await startGateway({
			sse: {
				session: hang,
				ticket: { secret: "x".repeat(32) },
				inspector: { path: "/look", authorize: hang }
			},
			settings: { routes: [{ path: "/", aliases: { "POST /ticket": "api.sseTicket" } }] }
		});
		const waiting = refusal(`${gateway.origin}${path}?eventName=news`, { method });
		await gate.reached;
		const took = await runningTime(() => gateway.broker.stop());

		expect((await waiting).status).toBe(503);
		expect(took).toBeLessThan(2000 + SOON);
	});
});

// A request that had been refused was no longer waited for, whether or not its refusal was ever written.
describe("an onError that never answers", () => {
	const onError = () => new Promise(() => {});
	const routes = [
		{
			path: "/",
			aliases: { "GET /live": { type: "sse" }, "POST /ticket": "api.sseTicket" },
			onError
		}
	];
	const sse: SseMixinOptions = {
		path: null,
		drain: 500,
		session: () => null,
		ticket: { secret: "x".repeat(32) },
		inspector: { path: "/look", authorize: () => false }
	};
	const WHAT = [
		["a stream", "GET", "/live", 401],
		["a ticket", "POST", "/ticket", 401],
		["the inspector", "GET", "/look", 403]
	] as const;

	it.each(WHAT)("for %s has 25 seconds", async (_, method, path, status) => {
		hurry();
		const gateway = await startGateway({ sse, settings: { routes, onError } });
		const answer = await send(gateway.at(path, "news"), { method });

		expect(answer.status).toBe(status);
		expect(gateway.log.at("error").join()).toMatch(
			/an error handler .* failed.*It has not answered/
		);
	});

	it.each(WHAT)(
		"for %s is not waited for by a node that stops",
		async (_, method, path, status) => {
			const hanging = createGate();
			const gateway = await startGateway({
				sse,
				settings: {
					routes: routes.map(route => ({ ...route, onError: () => hanging.wait() })),
					onError: () => hanging.wait()
				}
			});
			const answer = send(gateway.at(path, "news"), { method });
			await hanging.reached;
			const took = await runningTime(() => gateway.broker.stop());

			expect((await answer).status).toBe(status);
			expect(took).toBeLessThan(SOON);
		}
	);

	it.each([
		["GET", "/live"],
		["POST", "/ticket"]
	])("is not waited for after %s %s has hung as well", async (method, path) => {
		hurry();
		const session = () => new Promise<never>(() => {});
		const gateway = await startGateway({
			sse: { ...sse, session, refusals: "http" },
			settings: { routes }
		});

		expect((await send(gateway.at(path, "news"), { method })).status).toBe(504);
	});

	it("is not waited for after a ticket was refused because the node stops", async () => {
		const gate = createGate<never>();
		const gateway = await startGateway({
			sse: { ...sse, session: () => gate.wait() },
			settings: { routes }
		});
		const answer = send(gateway.at("/ticket", "news"), { method: "POST" });
		await gate.reached;
		const took = await runningTime(() => gateway.broker.stop());

		expect((await answer).status).toBe(503);
		expect(took).toBeLessThan(2000 + SOON);
	});

	it("in Express is bounded as well", async () => {
		hurry();
		const gateway = await startExpressGateway(
			{ sse, settings: { routes: [{ ...routes[0], onError: undefined }] } },
			{ extend: app => void app.use(((_error, _req, _res, _next) => {}) as ErrorRequestHandler) }
		);

		expect((await send(gateway.at("/live", "news"))).status).toBe(401);
	});

	it("is not called a second time by what fails after the gateway has given up", async () => {
		hurry();
		const errors: string[] = [];
		const session = Promise.withResolvers<never>();
		const gateway = await startGateway({
			sse: { ...sse, refusals: "http", session: () => session.promise },
			settings: {
				routes: [
					{
						...routes[0],
						onError(_req: unknown, res: ServerResponse, { message }: Error) {
							errors.push(message);
							res.writeHead(504).write("begun ");
							session.reject(new Error("the database timed out"));
							setTimeout(() => res.end("and ended"), 40);
						}
					}
				]
			}
		});
		const { status, text } = await send(gateway.at("/live", "news"));

		expect([status, text]).toEqual([504, "begun and ended"]);
		expect(errors).toEqual([expect.stringContaining("within 25 seconds")]);
	});
});

// Only aliases of `<service>.sseTicket` were taken for requests for tickets.
describe("a request for a ticket that hangs", () => {
	const ROUTES = [
		["by an alias", "/ticket", { aliases: { "POST /ticket": "api.sseTicket" } }, {}],
		[
			"without the service's name",
			"/ticket",
			{ aliases: { "POST /ticket": "sseTicket" } },
			{ $noServiceNamePrefix: true }
		],
		["by its action's name", "/api/sseTicket", { mappingPolicy: "all" }, {}]
	] as const;
	const onError = jest.fn(() => {
		throw new Error("a bug in onError");
	});

	function startTicketGateway(
		route: object,
		settings: object,
		sse: SseMixinOptions
	): Promise<TestGateway> {
		return startGateway({
			sse: { ticket: { secret: "x".repeat(32) }, ...sse },
			settings: { routes: [{ path: "/", onError, ...route }], ...settings }
		});
	}

	it.each(ROUTES)("%s, gets 504 after 25 seconds", async (_, path, route, settings) => {
		hurry();
		onError.mockClear();
		const session = () => new Promise<never>(() => {});
		const gateway = await startTicketGateway(route, settings, { session });

		expect((await send(gateway.at(path, "news"), { method: "POST" })).status).toBe(504);
		expect(onError).toHaveBeenCalled();
	});

	it.each(ROUTES)("%s, does not hold up a stop", async (_, path, route, settings) => {
		const gate = createGate<never>();
		const gateway = await startTicketGateway(route, settings, { session: () => gate.wait() });
		const answer = send(gateway.at(path, "news"), { method: "POST" });
		await gate.reached;
		const took = await runningTime(() => gateway.broker.stop());

		expect((await answer).status).toBe(503);
		expect(took).toBeLessThan(2000 + SOON);
	});

	it.each(ROUTES)("%s, is no other request", async (_, path, route, settings) => {
		const gateway = await startTicketGateway(route, settings, { session: () => "alice" });

		expect((await send(gateway.at(path, "news"), { method: "POST" })).status).toBe(200);
	});
});

it.each(["/sse/event-stream", "/ticket"])(
	"Express is told the status 504 of a request for %s that hangs",
	async path => {
		hurry();
		const session = () => new Promise<never>(() => {});
		const gateway = await startExpressGateway({
			sse: { session, refusals: "http", ticket: { secret: "x".repeat(32) } },
			settings: { routes: [{ path: "/", aliases: { "GET /ticket": "api.sseTicket" } }] }
		});

		expect((await send(gateway.at(path, "news"))).status).toBe(504);
	}
);
