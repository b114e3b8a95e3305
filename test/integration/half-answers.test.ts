import type { ServerResponse } from "node:http";
import { describe, expect, it, jest } from "@jest/globals";
import type { ErrorRequestHandler } from "express";
import { type ActionHandler, type ActionSchema, Errors, type Middleware } from "moleculer";
import { connectHttp2 } from "../support/clients/http2-client.ts";
import { RawSocket } from "../support/clients/raw-socket.ts";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { watchRejections } from "../support/rejections.ts";
import { runningTime } from "../support/running-time.ts";

// A response whose head was written counted as answered, so that nobody ended it when what was writing it failed: its client
// waited for ever, and so did a node that stopped.

/** A gateway with one route of the application, `/live`, which refuses whoever names no event. */
const live = (
	route: Record<string, unknown>,
	settings: Record<string, unknown> = {}
): GatewaySetup => ({
	sse: { path: null, session: () => "alice", drain: 0 },
	settings: {
		routes: [{ path: "/", aliases: { "GET /live": { type: "sse" } }, ...route }],
		...settings
	}
});

const half = (_req: unknown, res: ServerResponse, next: (error: unknown) => void) => {
	res.writeHead(200, { "Content-Type": "text/plain" }).write("half ");
	next(new Error("too late"));
};

const fail = (..._before: unknown[]): never => {
	throw new Error("a bug in onError");
};

describe("an answer that a middleware has begun when it fails", () => {
	it("is onError's to end", async () => {
		const onError = (_req: unknown, res: ServerResponse, { message }: Error) => res.end(message);
		const gateway = await startGateway(live({ onError, use: [half] }));

		expect((await send(gateway.at("/live", "news"))).text).toBe("half too late");
	});

	it("is Express's to end", async () => {
		const errors: string[] = [];
		const handler: ErrorRequestHandler = (error, _req, res, _next) => {
			errors.push(error.message);
			res.end("by Express");
		};
		const gateway = await startExpressGateway(live({ use: [half] }), {
			extend: app => void app.use(handler)
		});

		expect((await send(gateway.at("/live", "news"))).text).toBe("half by Express");
		expect(errors).toEqual(["too late"]);
	});

	it.each([false, true])("is broken off without either; HTTP/2: %s", async http2 => {
		const gateway = await startGateway(live({ use: [half] }, { http2 }));

		expect(await end(gateway, http2)).toBe("broken off");
		expect(gateway.log.at("warn").join()).toMatch(/after the request was answered.*too late/);
		await stopsSoon(gateway);
	});

	it("is broken off behind a stream of its connection, when that has ended", async () => {
		const use = [
			(req: { url: string }, res: ServerResponse, next: (error?: unknown) => void) =>
				req.url.includes("first") ? next() : half(req, res, next)
		];
		const gateway = await startGateway(live({ use }));
		const raw = new RawSocket(gateway.origin);
		raw.get(gateway.at("/live", "first"), gateway.at("/live", "second"));
		await raw.until("sse.open");
		await eventually(() => expect(gateway.log.at("error").join()).toContain("too late"));
		await gateway.send({ sessionId: "alice", eventName: "first", payload: 1 });
		await raw.until("event: first");

		await stopsSoon(gateway);
		await raw.closed;
	});
});

describe.each([false, true])("what onError has begun when it fails; HTTP/2: %s", http2 => {
	type Write = (res: ServerResponse) => unknown;
	const ENDED: readonly (readonly [string, Write])[] = [
		["a refusal's head", res => fail(res.writeHead(451))],
		["a refusal's head, asynchronously", async res => fail(res.writeHead(451))],
		["a refusal's body", res => fail(res.writeHead(451, { "X-A": "b" }).write("{"))]
	];
	const BROKEN: readonly (readonly [string, Write])[] = [
		["a success", res => fail(res.writeHead(200).write("half"))],
		["less than it has announced", res => fail(res.writeHead(451, { "Content-Length": 9 }))]
	];

	it.each(ENDED)("%s, is ended: its status is the answer", async (_, write) => {
		const rejections = watchRejections();
		const onError = (_req: unknown, res: ServerResponse) => write(res);
		const gateway = await startGateway(live({ onError }, { http2 }));

		expect(await end(gateway, http2)).toBe(451);
		expect(gateway.log.at("error").join()).toContain("a bug in onError");
		expect(await rejections()).toEqual([]);
		await stopsSoon(gateway);
	});

	it.each(BROKEN)("%s, is broken off", async (_, write) => {
		const onError = (_req: unknown, res: ServerResponse) => write(res);
		const gateway = await startGateway(live({ onError }, { http2 }));

		expect(await end(gateway, http2)).toBe("broken off");
		await stopsSoon(gateway);
	});

	it("a refusal, may be written on by code that has not heard of the failure", async () => {
		const rejections = watchRejections();
		const written = jest.fn();
		const onError = (_req: unknown, res: ServerResponse) => {
			res.writeHead(451);
			setImmediate(() => written(res.write("a"), res.write("b"), res.end("c")));
			for (const ms of [0, 10, 20]) setTimeout(() => written(res.write("d")), ms);
			fail();
		};
		const gateway = await startGateway(live({ onError }, { http2 }));

		// Node cancels an HTTP/2 stream that is written to after its end.
		expect(await end(gateway, http2)).toBe(http2 ? "broken off" : 451);
		await eventually(() => expect(written).toHaveBeenCalledTimes(4));
		expect(await rejections()).toEqual([]);
	});
});

it("a stream is left alone by what fails after it has opened", async () => {
	const rejections = watchRejections();
	const onError = jest.fn(fail);
	const late: Middleware = {
		localAction(next: ActionHandler, { name }: ActionSchema): ActionHandler {
			return async function (ctx) {
				const result = await next.call(this, ctx);
				if (name === "api.rest") throw new Errors.MoleculerClientError("too late", 400);
				return result;
			};
		}
	};
	const gateway = await startGateway({ ...live({ onError }), broker: { middlewares: [late] } });
	const stream = await openStream(gateway.at("/live", "news"));
	await eventually(() => expect(gateway.log.at("warn").join()).toContain("too late"));
	await gateway.send({ sessionId: "alice", eventName: "news", payload: 1 });
	await stream.next("news");

	expect(onError).not.toHaveBeenCalled();
	expect(await rejections()).toEqual([]);
});

/** The status of a request that is refused, if its response ends as it should. */
async function end(gateway: TestGateway, http2: boolean): Promise<number | "broken off"> {
	const url = gateway.at("/live");
	if (!http2) {
		return send(url).then(
			({ status }) => status,
			({ message }: Error) => {
				expect(message).toMatch(/aborted|hang up/);
				return "broken off";
			}
		);
	}
	const { pathname, search } = new URL(url);
	const stream = connectHttp2(gateway.origin).request({ ":path": pathname + search });
	let status = 0;
	let error: Error | undefined;
	stream.on("response", headers => {
		status = headers[":status"] ?? 0;
	});
	stream.on("error", thrown => {
		error = thrown;
	});
	stream.resume();
	await new Promise(resolve => stream.once("close", resolve));
	return error === undefined && stream.rstCode === 0 ? status : "broken off";
}

async function stopsSoon(gateway: TestGateway): Promise<void> {
	expect(await runningTime(() => gateway.broker.stop())).toBeLessThan(3000);
}
