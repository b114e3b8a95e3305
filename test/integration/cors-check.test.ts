import { describe, expect, it } from "@jest/globals";
import { send } from "../support/clients/request.ts";
import { startGateway } from "../support/gateway/gateway.ts";

const ORIGIN = "https://shop.example";
const aliases = { "GET /events": { type: "sse" } };

/** What a browser asks before a page of another origin may come back by `fetch`; returns whether it may. */
async function mayComeBack(url: string): Promise<boolean> {
	const { headers } = await send(url, {
		method: "OPTIONS",
		headers: {
			origin: ORIGIN,
			"access-control-request-method": "GET",
			"access-control-request-headers": "last-event-id"
		}
	});
	const allowed = String(headers["access-control-allow-headers"] ?? "").toLowerCase();
	if (allowed.includes("last-event-id")) return true;
	return allowed.trim() === "*" && headers["access-control-allow-credentials"] !== "true";
}

// A page opened its stream; when its connection was lost, the browser refused it the header with which it comes back.
describe("a route with streams", () => {
	it.each<[string, object, boolean]>([
		["no list", {}, true],
		["a list with it", { allowedHeaders: ["Content-Type", "Last-Event-ID"] }, true],
		["it in other letters", { allowedHeaders: "content-type, last-event-id" }, true],
		["everything", { allowedHeaders: ["*"] }, true],
		["an empty list", { allowedHeaders: [] }, false],
		["a list without it", { allowedHeaders: ["Content-Type"] }, false],
		["a text without it", { allowedHeaders: "Authorization" }, false],
		["a header that is called `*`", { allowedHeaders: "*", credentials: true }, false]
	])("is warned of if pages of other origins cannot come back: %s", async (_, cors, mayBe) => {
		const gateway = await startGateway({
			sse: { path: null },
			settings: { routes: [{ path: "/live", cors: { origin: ORIGIN, ...cors }, aliases }] }
		});
		expect(await mayComeBack(gateway.at("/live/events", "news"))).toBe(mayBe);
		const warnings = gateway.log.at("warn").join();
		if (mayBe) expect(warnings).not.toContain("Last-Event-ID");
		else
			expect(warnings).toMatch(
				/the route "\/live" .* its "cors\.allowedHeaders" lacks "Last-Event-ID"/
			);
	});

	it("is warned of if the gateway's settings keep them away", async () => {
		const gateway = await startGateway({
			settings: { cors: { origin: ORIGIN, allowedHeaders: ["Content-Type"] } }
		});
		expect(await mayComeBack(gateway.url("news"))).toBe(false);
		const [warning, ...more] = gateway.log.at("warn");
		expect(warning).toContain('the gateway\'s "cors.allowedHeaders" lacks "Last-Event-ID"');
		expect(more).toEqual([]);
	});

	it("is warned of if it is added while the gateway runs", async () => {
		const gateway = await startGateway({ sse: { path: null } });
		const cors = { allowedHeaders: ["Content-Type"] };
		(gateway.service as unknown as { addRoute(route: object): void }).addRoute({
			...{ path: "/late", cors, aliases }
		});
		expect(gateway.log.at("warn").join()).toContain('"/late"');
	});

	it("is not warned of without CORS, and neither is a route without streams", async () => {
		const cors = { allowedHeaders: ["Content-Type"] };
		const gateway = await startGateway({
			settings: { routes: [{ path: "/api", cors, aliases: {} }] }
		});
		expect(gateway.log.at("warn")).toEqual([]);
	});
});
