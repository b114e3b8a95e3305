import { describe, expect, it } from "@jest/globals";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { RawSocket } from "../support/clients/raw-socket.ts";
import { refusal, send } from "../support/clients/request.ts";
import { openStream, requestStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { metric } from "../support/gateway/metrics.ts";
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
