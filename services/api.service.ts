import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Context, ServiceSchema } from "moleculer";
import ApiGateway, { type ApiSettingsSchema } from "moleculer-web";
import {
	type SseGateway,
	type SseGatewayRequest,
	SseMixin,
	sseSession
} from "../mixins/sse/index.ts";
import { events } from "./events.ts";

/** At least one of them is what most proxies add to a request. */
const PROXY_HEADERS = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/**
 * Who looks at the example on the machine on which it runs, and not through a proxy there. The host's name is checked as well: any
 * name may lead to this machine, and a browser would take its page for that of the same site. In a container only the port that
 * Compose publishes to its machine leads here without nginx.
 */
function isThisMachine(_: unknown, { headers, socket }: SseGatewayRequest): boolean {
	if (PROXY_HEADERS.some(name => name in headers)) return false;
	const isLocal =
		process.env.INSPECTOR === "published" ||
		["127.0.0.1", "::1", "::ffff:127.0.0.1"].includes(socket.remoteAddress ?? "");
	return isLocal && /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(headers.host ?? "");
}

/** The gateway: serves the page, the API that the page calls, and its streams. */
const service: ServiceSchema<ApiSettingsSchema, object, { server: Server } & SseGateway> = {
	name: "api",
	mixins: [
		SseMixin({
			events,
			client: "/sse/client.js",
			inspector: { path: "/inspector", authorize: isThisMachine },
			// Of events that replace each other, a slow client gets only the newest.
			buffer: { policy: "conflate" },
			// Streams of a lone gateway have no other one to move to: they close at once.
			...(process.env.TRANSPORTER ? {} : { drain: 0 })
		}),
		ApiGateway
	],

	settings: {
		port: Number(process.env.PORT || 3000),
		assets: { folder: fileURLToPath(new URL("./public", import.meta.url)) },
		logResponse: "debug",
		logRequest: "debug",
		logRouteRegistration: "debug",
		routes: [
			{
				path: "/api",
				aliases: {
					"GET /health": "api.health",
					"POST /notifications": "notifications.notify",
					"POST /orders": "orders.place",
					"POST /reports": "reports.create",
					"GET /reports": "reports.list",
					"GET /reports/:reportId": "reports.download"
				},
				bodyParsers: { json: true },
				/** Puts the session into `ctx.meta.sessionId`, where actions find whose streams to send to. */
				onBeforeCall: sseSession
			}
		]
	},

	actions: {
		/**
		 * For health checks: does this node reach the others, and take streams? Tells nothing else, as anyone
		 * may ask.
		 */
		health(ctx: Context<unknown, { $statusCode?: number }>) {
			const { transit } = this.broker;
			const connected = !transit || transit.connected;
			const ready = this.sseReady();
			if (!connected || !ready) ctx.meta.$statusCode = 503;
			if (!ready) return { status: "stopping" };
			return { status: connected ? "ok" : "disconnected" };
		}
	},

	started() {
		const { port } = this.server.address() as AddressInfo;
		this.logger.info(`Open http://localhost:${port}`);
	}
};

export default service;
