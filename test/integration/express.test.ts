import { Agent } from "node:http";
import { describe, expect, it } from "@jest/globals";
import type { ErrorRequestHandler, Express, Request, Response } from "express";
import { send } from "../support/clients/request.ts";
import { FLOOD, openStream, requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { MIXIN_ORDERS, NOTHING } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";
import { runningTime } from "../support/running-time.ts";

/** An error handler as applications have it: it answers with the error's status. */
function tellErrors(app: Express): void {
	const handler: ErrorRequestHandler = (error, _req, res, _next) => {
		res.status(error.statusCode).json({ handledBy: "the application", type: error.type });
	};
	app.use(handler);
}

describe("a gateway in an Express application", () => {
	it("streams", async () => {
		const gateway = await startExpressGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: { n: 1 } });

		expect(stream.headers).toMatchObject({
			"content-type": "text/event-stream",
			"cache-control": "no-cache, no-store, no-transform",
			"x-accel-buffering": "no"
		});
		expect((await stream.next("news")).data).toBe('{"n":1}');
		stream.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("streams where the application mounts it", async () => {
		const gateway = await startExpressGateway({}, { path: "/gw" });
		const url = gateway.at("/gw/sse/event-stream", "news", "other");
		const stream = await openStream(url, { session: "alice" });
		await gateway.send({ eventName: "other", sessionId: "alice", payload: 1 });

		await stream.next("other");
		expect((await send(gateway.url("news"))).status).toBe(404);
	});

	it("answers HEAD", async () => {
		const gateway = await startExpressGateway();
		const { status, headers, text } = await send(gateway.url("news"), { method: "HEAD" });

		expect([status, headers["content-type"], text]).toEqual([200, "text/event-stream", ""]);
	});

	it("ends streams on time", async () => {
		const gateway = await startExpressGateway({ sse: { timeout: 50 } });
		const stream = await openStream(gateway.url("news"));

		expect(await stream.end).toBe("ended");
		expect(stream.received("sse.close")).toEqual([{ reason: "timeout" }]);
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("issues a Secure cookie behind a proxy that the application trusts", async () => {
		const gateway = await startExpressGateway();
		const headers = { "x-forwarded-proto": "https" };
		const distrusted = await openStream(gateway.url("news"), { headers });
		gateway.app.set("trust proxy", true);
		const trusted = await openStream(gateway.url("news"), { headers });

		expect(distrusted.headers["set-cookie"]?.[0]).not.toContain("Secure");
		expect(trusted.headers["set-cookie"]?.[0]).toContain("; Secure");
	});

	it("leaves requests that are not its own to the application, query and all", async () => {
		const gateway = await startExpressGateway(
			{ settings: { routes: [{ path: "/api" }] } },
			{
				extend: app => {
					app.get("/shop", (req: Request, res: Response) => {
						res.json({ query: req.query, url: req.url, originalUrl: req.originalUrl });
					});
				}
			}
		);
		await openStream(gateway.url("news"));
		const { text } = await send(`${gateway.origin}/shop?a=1&a=2&eventName=x`);

		expect(JSON.parse(text)).toEqual({
			query: { a: ["1", "2"], eventName: "x" },
			url: "/shop?a=1&a=2&eventName=x",
			originalUrl: "/shop?a=1&a=2&eventName=x"
		});
	});

	it("leaves the query of a stream's request to the application's own middlewares", async () => {
		const gateway = await startExpressGateway();
		const finished = Promise.withResolvers<unknown>();
		gateway.server.prependListener("request", (req, res) => {
			res.once("close", () => finished.resolve((req as Request).query));
		});
		const stream = await openStream(gateway.url("news"));
		stream.close();

		expect(await finished.promise).toEqual({ eventName: "news" });
	});
});

describe("refusals under Express", () => {
	const cases: [status: number, type: string, sse: object, path: string][] = [
		[400, "SSE_INVALID_REQUEST", {}, "/sse/event-stream"],
		[400, "SSE_INVALID_REQUEST", {}, "/sse/event-stream?eventName=sse.x"],
		[401, "SSE_UNAUTHORIZED", { session: () => null }, "/sse/event-stream?eventName=a"],
		[403, "SSE_FORBIDDEN", { authorize: async () => false }, "/sse/event-stream?eventName=a"],
		[
			500,
			"SSE_INTERNAL",
			{ session: () => Promise.reject(new Error("down")), refusals: "http" },
			"/sse/event-stream?eventName=a"
		]
	];

	it.each(cases)(
		"reach the application's error handler: %i %s",
		async (status, type, sse, path) => {
			const rejections = watchRejections();
			const gateway = await startExpressGateway({ sse }, { extend: tellErrors });
			const answer = await send(gateway.origin + path);

			expect(answer.status).toBe(status);
			expect(JSON.parse(answer.text)).toEqual({ handledBy: "the application", type });
			expect(gateway.held).toEqual(NOTHING);
			expect(await rejections()).toEqual([]);
		}
	);

	it.each(cases)("have their status without a handler too: %i %s", async (status, _, sse, path) => {
		const gateway = await startExpressGateway({ sse });

		expect((await send(gateway.origin + path)).status).toBe(status);
		expect(gateway.held).toEqual(NOTHING);
	});

	it("name the allowed methods", async () => {
		const gateway = await startExpressGateway({}, { extend: tellErrors });
		const { status, headers } = await send(gateway.url("news"), { method: "POST", body: "x" });

		expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
	});
});

describe("stopping under Express", () => {
	it.each(MIXIN_ORDERS)(
		"ends ten streams and one that never reads within a second, in the order %s; the server can close",
		async order => {
			const gateway = await startExpressGateway({ order, sse: { buffer: { maxBytes: 2 ** 26 } } });
			const agent = new Agent({ keepAlive: true });
			onTestFinished(() => agent.destroy());
			const url = gateway.url("news");
			const streams = await Promise.all(
				Array.from({ length: 10 }, (_, n) => openStream(url, n % 2 ? { agent } : {}))
			);
			const stalled = await openStream(url, { session: "stalled" });
			stalled.stall();
			await gateway.send({ eventName: "news", sessionId: "stalled", payload: FLOOD });
			const close = () => new Promise(resolve => gateway.server.close(resolve));

			expect(await runningTime(() => gateway.broker.stop())).toBeLessThan(1000);
			expect(await runningTime(close)).toBeLessThan(1000);
			for (const stream of streams) {
				expect(await stream.end).toBe("ended");
				expect(stream.received("sse.close")).toEqual([{ reason: "drain" }]);
			}
			expect(gateway.held).toEqual(NOTHING);
		}
	);

	it("sends later requests away, to come back: 200, retry, sse.close", async () => {
		const gateway = await startExpressGateway();
		await gateway.broker.stop();
		const stream = await requestStream(gateway.url("news"));

		expect(stream.status).toBe(200);
		expect(await stream.end).toBe("ended");
		expect(stream.text).toMatch(/^retry: \d+\nevent: sse\.close\ndata: \{"reason":"drain"\}\n\n$/);
	});

	it("sends a stream that was still being opened away, and hangs up", async () => {
		const gate = createGate<boolean>();
		const gateway = await startExpressGateway({ sse: { authorize: () => gate.wait() } });
		const agent = new Agent({ keepAlive: true });
		onTestFinished(() => agent.destroy());
		const opening = requestStream(gateway.url("news"), { agent });
		await gate.reached;
		await gateway.broker.stop();
		gate.open(true);
		const stream = await opening;
		await stream.end;
		const took = await runningTime(() => new Promise(resolve => gateway.server.close(resolve)));

		expect(took).toBeLessThan(1000);
		expect(stream.received("sse.close")).toEqual([{ reason: "drain" }]);
		expect(gateway.held).toEqual(NOTHING);
	});
});
