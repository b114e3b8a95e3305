import { describe, expect, it, jest } from "@jest/globals";
import { Errors } from "moleculer";
import type { SseGatewayRequest, SseGatewayResponse } from "../../mixins/sse/index.ts";
import { RawSocket } from "../support/clients/raw-socket.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { metric } from "../support/gateway/metrics.ts";
import { hurry } from "../support/hurry.ts";
import { watchRejections } from "../support/rejections.ts";
import { watchUncaught } from "../support/uncaught.ts";

// What handles errors may fail as well. moleculer-web waits for nobody's promise and catches nothing there: any client that was
// refused ended the process of an application whose `onError` had a bug.

const bug = () => {
	throw new Error("a bug in onError");
};
const laterBug = async () => bug();

/** A gateway with one route of the application, `/live`. */
const live = (
	route: Record<string, unknown>,
	{ sse, settings, ...rest }: GatewaySetup = {}
): GatewaySetup => ({
	sse: { path: null, session: () => "alice", ...sse },
	settings: {
		routes: [{ path: "/", aliases: { "GET /live": { type: "sse" } }, ...route }],
		...settings
	},
	...rest
});

const bugs = ({ log }: TestGateway) =>
	log.at("error").filter(text => text.startsWith("SSE") && text.includes("a bug in onError"));

describe("an onError that fails", () => {
	const BUGS = [
		["throws", bug],
		["throws what is for good", () => bugWith({ code: 418 })],
		["rejects", laterBug],
		["throws nothing", () => Promise.reject(undefined)]
	] as const;

	function bugWith(fields: object): never {
		throw Object.assign(new Error("a bug in onError"), fields);
	}

	it.each(BUGS)("and %s leaves the refusal to the gateway", async (_, onError) => {
		const rejections = watchRejections();
		const gateway = await startGateway(live({ onError }));
		const { status, error } = await refusal(gateway.at("/live"));

		expect(status).toBe(400);
		expect(error).toMatchObject({ code: 400, type: "SSE_INVALID_REQUEST" });
		expect(error.message).toContain('"eventName" is missing');
		expect(await rejections()).toEqual([]);
		expect(gateway.log.at("error").join()).toMatch(/an error handler of the application failed/);
	});

	it.each(BUGS)("and %s, is the gateway's own", async (_, onError) => {
		const rejections = watchRejections();
		const gateway = await startGateway({ settings: { onError } });

		expect((await send(gateway.url())).status).toBe(400);
		expect((await send(gateway.url("news"), { method: "DELETE" })).status).toBe(405);
		expect((await send(gateway.url(), { method: "HEAD" })).status).toBe(400);
		expect(await rejections()).toEqual([]);
	});

	it("shows nothing of an error that is the application's, but its status", async () => {
		const onBeforeCall = () => {
			throw new Errors.MoleculerError("secret-7", 410, "SECRET", { secret: 7 });
		};
		const gateway = await startGateway(live({ onError: bug, onBeforeCall }));
		const { status, error } = await refusal(gateway.at("/live", "news"));

		expect(status).toBe(410);
		expect(error).toEqual({ code: 410, message: "Gone" });
	});

	it("does not keep what it had prepared of a body", async () => {
		const onError = (_req: unknown, res: SseGatewayResponse) => {
			res.setHeader("Content-Length", 3);
			res.setHeader("Content-Encoding", "br");
			bug();
		};
		const gateway = await startGateway(live({ onError }));
		const { error } = await refusal(gateway.at("/live"));

		expect(error.code).toBe(400);
	});

	it("after it has answered leaves its answer", async () => {
		const rejections = watchRejections();
		const onError = (_req: unknown, res: import("node:http").ServerResponse) => {
			res.writeHead(451).end("not here");
			bug();
		};
		const gateway = await startGateway(live({ onError }));
		const { status, text } = await send(gateway.at("/live"));

		expect([status, text]).toEqual([451, "not here"]);
		expect(bugs(gateway)).toHaveLength(1);
		expect(await rejections()).toEqual([]);
	});

	it("is reported once, however many clients are refused", async () => {
		const gateway = await startGateway(live({ onError: bug }));
		for (let n = 0; n < 20; n++) expect((await send(gateway.at("/live"))).status).toBe(400);

		expect(bugs(gateway)).toHaveLength(1);
	});

	it("is an errorHandler", async () => {
		const rejections = watchRejections();
		const methods = { errorHandler: bug };
		const gateway = await startGateway(live({}, { schema: { methods } }));

		expect((await send(gateway.at("/live"))).status).toBe(400);
		expect(bugs(gateway)).toHaveLength(1);
		expect(await rejections()).toEqual([]);
	});

	it("is called by an errorHandler that waits for it", async () => {
		const rejections = watchRejections();
		const methods = {
			async errorHandler(this: { sendError(...args: unknown[]): unknown }, ...args: unknown[]) {
				await this.sendError(...args);
			}
		};
		const gateway = await startGateway(live({ onError: laterBug }, { schema: { methods } }));

		expect((await send(gateway.at("/live"))).status).toBe(400);
		expect(bugs(gateway)).toHaveLength(1);
		expect(await rejections()).toEqual([]);
	});

	it("meets rootCallOptions that refuse", async () => {
		const rejections = watchRejections();
		const rootCallOptions = () => {
			throw new Errors.MoleculerClientError("no", 403);
		};
		const gateway = await startGateway(live({ onError: bug }, { settings: { rootCallOptions } }));

		expect((await send(gateway.at("/live", "news"))).status).toBe(403);
		expect(await rejections()).toEqual([]);
	});

	it("does not reach Express either", async () => {
		const rejections = watchRejections();
		const gateway = await startExpressGateway({ settings: { onError: bug } });

		expect((await refusal(gateway.url())).error.type).toBe("SSE_INVALID_REQUEST");
		expect(await rejections()).toEqual([]);
	});

	it.each([
		["what browsers ask before a fetch", "OPTIONS", "/live", 403],
		["another alias of the route", "GET", "/x", 503],
		["a ticket", "POST", "/ticket", 401],
		["the inspector", "GET", "/look", 403],
		["the inspector, by another method", "DELETE", "/look", 405]
	])("does no harm to %s", async (_, method, path, status) => {
		const rejections = watchRejections();
		const gateway = await startGateway(
			live(
				{
					cors: { origin: "https://shop.example" },
					aliases: {
						"GET /live": { type: "sse" },
						"GET /x": "x.y",
						"POST /ticket": "api.sseTicket"
					}
				},
				{
					sse: {
						session: () => null,
						ticket: { secret: "x".repeat(32) },
						inspector: { path: "/look", authorize: () => false }
					},
					settings: { onError: bug }
				}
			)
		);
		const headers =
			method === "OPTIONS"
				? { origin: "https://elsewhere.example", "access-control-request-method": "GET" }
				: {};
		const answer = await send(`${gateway.origin}${path}?eventName=news`, { method, headers });

		expect(answer.status).toBe(status);
		expect(await rejections()).toEqual([]);
	});

	// The timer of those that have waited for too long called it, where nobody catches anything.
	it("does not end the process if it is called for a request that nobody answers", async () => {
		const uncaught = watchUncaught();
		hurry();
		const gateway = await startGateway(
			live({ onError: bug, use: [() => {}], cors: { origin: "https://shop.example" } })
		);
		const { status } = await send(gateway.at("/live", "news"), {
			headers: { origin: "https://elsewhere.example" }
		});

		expect(status).toBe(403);
		expect(uncaught).toEqual([]);
	});
});

describe("a request that fails after it has been answered", () => {
	const onError = jest.fn((_req: unknown, res: SseGatewayResponse, error: { code: number }) => {
		res.setHeader("Content-Type", "application/json");
		(res as import("node:http").ServerResponse).writeHead(error.code || 500).end("{}");
	});

	// A response that waits behind another one of its connection is not "finished" when it has been written, so that moleculer-web
	// still waited for it: `onError` got an answered response, threw, and ended the process.
	it.each(["alone on its connection", "pipelined behind a stream"])(
		"%s is not the application's to answer",
		async how => {
			const rejections = watchRejections();
			hurry();
			onError.mockClear();
			const gate = createGate();
			const session = async (_ctx: unknown, { url = "" }: SseGatewayRequest) => {
				if (url.includes("first")) return "alice";
				await gate.wait();
				throw new Error("the database timed out");
			};
			const gateway = await startGateway(live({ onError }, { sse: { session } }));
			const raw = new RawSocket(gateway.origin);
			// At once: a connection on which a stream lives is not read for further requests.
			if (how !== "alone on its connection") raw.get(gateway.at("/live", "first"));
			raw.get(gateway.at("/live", "second"));
			await gate.reached;
			await eventually(() => expect(gateway.log.at("warn").join()).toContain("within 25 seconds"));
			gate.open();
			await eventually(() =>
				expect(gateway.log.at("error").join()).toContain("the database timed out")
			);

			expect(await rejections()).toEqual([]);
			expect(onError).not.toHaveBeenCalled();
			await openStream(gateway.at("/live", "first"));
		}
	);

	it("by a middleware that has answered it itself is only reported", async () => {
		const rejections = watchRejections();
		onError.mockClear();
		const gate = createGate();
		type Response = import("node:http").ServerResponse;
		const use = [
			async ({ url }: { url: string }, res: Response, next: (error: unknown) => void) => {
				if (url.includes("first")) {
					await gate.wait();
					res.end("open");
					return;
				}
				res.writeHead(503).end("closed for today");
				next(new Error("too late"));
			}
		];
		const gateway = await startGateway(live({ onError, use }));
		const raw = new RawSocket(gateway.origin);
		// Once it is "finished", moleculer-web ignores what fails.
		raw.get(gateway.at("/live", "first"), gateway.at("/live", "second"));
		await eventually(() => expect(gateway.log.at("error").join()).toContain("too late"));
		gate.open();
		await raw.until("closed for today");

		expect(onError).not.toHaveBeenCalled();
		expect(gateway.log.at("error").join()).toMatch(/after the request was answered.*too late/s);
		expect(await rejections()).toEqual([]);
	});
});

describe("logging that fails", () => {
	const full = () => {
		throw new Error("the disk is full");
	};

	it.each(["stream", "http"] as const)(
		"leaves no request unanswered, and ends nothing, with refusals: %s",
		async refusals => {
			const rejections = watchRejections();
			const uncaught = watchUncaught();
			const down = () => Promise.reject(new Error("the store is down"));
			const gateway = await startGateway({
				...live({}, { sse: { session: down, refusals } }),
				schema: {
					created() {
						Object.assign(this.logger, { error: full, warn: full });
					}
				}
			});
			const { status } = await send(gateway.at("/live", "news"));

			expect(status).toBe(refusals === "http" ? 500 : 200);
			expect((await send(gateway.at("/live"))).status).toBe(400);
			expect(await rejections()).toEqual([]);
			expect(uncaught).toEqual([]);
		}
	);

	it("of a response ends neither its stream nor its refusal", async () => {
		const rejections = watchRejections();
		let isDown = false;
		const session = async () => {
			if (isDown) throw new Error("the store is down");
			return "alice";
		};
		const gateway = await startGateway(
			live({}, { sse: { session }, schema: { methods: { logResponse: full } } })
		);
		const stream = await openStream(gateway.at("/live", "news"));
		isDown = true;
		const { text } = await send(gateway.at("/live", "news"));
		await gateway.send({ eventName: "news", sessionId: "alice", payload: 1 });

		expect(text).toContain('"reason":"unavailable"');
		expect(await stream.next("news")).toMatchObject({ data: "1" });
		expect(gateway.log.at("error").join()).toContain("the disk is full");
		expect(await rejections()).toEqual([]);
	});
});

// One object for all requests was known to be permanent from the first on: only that one was counted.
it("a refusal is counted for each request, also if the application throws the same object each time", async () => {
	const denied = new Errors.MoleculerClientError("denied", 403);
	const onBeforeCall = () => {
		throw denied;
	};
	const gateway = await startGateway({ ...live({ onBeforeCall }), broker: { metrics: true } });
	for (let n = 0; n < 3; n++) {
		expect((await send(gateway.at("/live", "news"))).status).toBe(403);
	}

	expect(metric(gateway.broker, "streams.refused{forbidden}")).toBe(3);
});
