import { describe, expect, it } from "@jest/globals";
import type { BrokerOptions } from "moleculer";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";

// The action was called wherever Moleculer's balancer chose: with `registry.preferLocal: false` every second ticket was
// requested on another gateway, and with `disableBalancer: true` each request went through the transporter. There is no HTTP
// request there, so the answer was 401.

const SECRET = "a secret of these tests, of at least 32 bytes";

const start = (broker: BrokerOptions, { settings, schema }: GatewaySetup) =>
	startGateway({
		broker,
		sse: {
			session: (_ctx, req) => String(req.headers.authorization),
			ticket: { secret: SECRET }
		},
		...(settings && { settings }),
		...(schema && { schema })
	});

/** Two gateways that know each other. */
async function startTwo(
	options: BrokerOptions,
	setup: GatewaySetup
): Promise<[TestGateway, TestGateway]> {
	const namespace = crypto.randomUUID();
	const gateways = (await Promise.all(
		["g1", "g2"].map(id => start({ ...memberOf(namespace, id), ...options }, setup))
	)) as [TestGateway, TestGateway];
	await meet(...gateways.map(({ broker }) => broker));
	return gateways;
}

const goOn = (_req: unknown, _res: unknown, next: () => void) => next();

/** The ways in which a request may lead to the action, by the action's name. */
const routesTo = (action: string) => [
	{
		path: "/alias",
		aliases: {
			"GET /plain": action,
			"GET /passing": { action, passReqResToParams: true },
			"GET /chained": [goOn, action]
		}
	},
	{ path: "/elsewhere", callOptions: { nodeID: "g2" }, aliases: { "GET /plain": action } },
	{ path: "/named", mappingPolicy: "all" },
	{ path: "/kebab", mappingPolicy: "all", camelCaseNames: true }
];

const ALIASES = ["/alias/plain", "/alias/passing", "/alias/chained", "/elsewhere/plain"];

const BROKERS: [what: string, options: BrokerOptions][] = [
	["the balancer off", { disableBalancer: true }],
	["no preference for the local node", { registry: { preferLocal: false, stopDelay: 0 } }]
];

describe.each(BROKERS)("with %s the action that issues tickets", (_, options) => {
	it.each<[what: string, action: string, paths: string[], schema: object]>([
		["", "api.sseTicket", [...ALIASES, "/named/api/sseTicket", "/kebab/api/sse-ticket"], {}],
		[
			", of a service with a version",
			"v2.api.sseTicket",
			[...ALIASES, "/named/v2/api/sseTicket"],
			{ version: 2 }
		]
	])("runs where the request is, however it is called%s", async (_what, action, paths, schema) => {
		const [one] = await startTwo(options, { settings: { routes: routesTo(action) }, schema });
		for (const path of paths) {
			for (let n = 0; n < 4; n++) {
				const { status, text, headers } = await send(`${one.origin}${path}?eventName=news`, {
					headers: { authorization: "alice" }
				});
				expect([path, status, headers["cache-control"]]).toEqual([path, 200, "no-store"]);
				await openStream(`${one.url("news")}&ticket=${JSON.parse(text).ticket}`);
			}
		}
	});
});

describe("an action of the same name", () => {
	it("is called where Moleculer calls it, if it is another service's", async () => {
		const gateway = await startGateway({
			sse: { ticket: { secret: SECRET } },
			settings: { routes: [{ path: "/api", aliases: { "GET /ticket": "other.sseTicket" } }] },
			services: [{ name: "other", actions: { sseTicket: () => ({ other: true }) } }]
		});

		expect((await send(`${gateway.origin}/api/ticket`)).text).toBe('{"other":true}');
	});
});
