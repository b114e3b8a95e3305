import { describe, expect, it } from "@jest/globals";
import type { SseGateway, SseGatewayRequest, SseMixinOptions } from "../../mixins/sse/index.ts";
import { refusal } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewaySetup, NOTHING, startGateway } from "../support/gateway/gateway.ts";

// What the application was given were the very arrays that streams are found by. One that sorted them, to compare them with its
// own, made streams of different users one session; one that emptied them left streams in the registry for ever.

const byUser = (_ctx: unknown, { headers }: SseGatewayRequest) => [
	`user:${headers["x-user"]}`,
	"group:a"
];

const start = (sse: SseMixinOptions, route: object = {}, setup: GatewaySetup = {}) =>
	startGateway({
		sse: { path: null, session: byUser, ...sse },
		settings: {
			routes: [
				{
					path: "/",
					aliases: { "GET /live": { type: "sse", eventNames: ["b", "a"] } },
					...route
				}
			]
		},
		...setup
	});

const as = (user: number, more: Record<string, string> = {}) => ({
	headers: { "x-user": String(user), ...more }
});

describe("what the application does to the ids and names that it is given", () => {
	it("makes nobody another user, if authorize sorts them", async () => {
		const authorize: SseMixinOptions["authorize"] = (_ctx, { sessionIds, eventNames }) => {
			(sessionIds as string[]).sort();
			(eventNames as string[]).splice(0, 2, "x");
			return true;
		};
		const gateway = await start({ authorize, limits: { streamsPerSession: 2 } });
		const url = gateway.at("/live");
		const streams = [await openStream(url, as(7)), await openStream(url, as(8))];
		// The third of "group:a" took the place of the first.
		streams.push(await openStream(url, as(9, { "last-event-id": "x.y.1" })));
		await gateway.send({ eventName: "a", sessionId: "user:7", payload: 7 });

		expect(gateway.held).toMatchObject({ streams: 3, sessions: 4, eventNames: 2 });
		expect(await streams[0]?.next("a")).toMatchObject({ data: "7" });
		for (const stream of streams) expect(stream.received("sse.close")).toEqual([]);
	});

	it("leaves no stream behind, if authorize empties them and refuses", async () => {
		let asked = 0;
		const authorize: SseMixinOptions["authorize"] = (_ctx, { sessionIds, eventNames }) => {
			if (++asked < 5) return true;
			for (const list of [sessionIds, eventNames]) (list as string[]).length = 0;
			return false;
		};
		const gateway = await start({ authorize });
		const url = gateway.at("/live");
		const streams = await Promise.all([1, 2, 3, 4].map(user => openStream(url, as(user))));
		expect((await refusal(url, as(5))).status).toBe(403);
		for (const stream of streams) stream.close();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("does not change whose a stream is, if a hook keeps what sseSession returned", async () => {
		const onBeforeCall = async function (
			this: SseGateway,
			ctx: { meta: Record<string, unknown> },
			_route: unknown,
			req: SseGatewayRequest,
			res: never
		) {
			const ids = (await this.sseSession(ctx as never, req, res)) as string[];
			ctx.meta.user = ids.shift();
		};
		const gateway = await start({}, { onBeforeCall });
		const stream = await openStream(gateway.at("/live"), as(7));
		await gateway.send({ eventName: "a", sessionId: "user:7", payload: 7 });

		expect(await stream.next("a")).toMatchObject({ data: "7" });
	});
});
