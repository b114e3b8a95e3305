import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { bringClient } from "../support/client-file.ts";
import { send } from "../support/clients/request.ts";
import { startGateway } from "../support/gateway/gateway.ts";

beforeAll(bringClient, 60_000);

describe("the option client", () => {
	const start = (settings = {}) => startGateway({ sse: { client: "/sse/client.js" }, settings });

	it("serves the client as a module, and nothing if it is off", async () => {
		const { origin } = await start();
		const answer = await send(`${origin}/sse/client.js`);
		expect(answer.status).toBe(200);
		expect(answer.headers["content-type"]).toBe("text/javascript; charset=utf-8");
		expect(readFileSync("dist/client.js", "utf8")).toContain(answer.text.trim());
		expect(answer.text).not.toContain("sourceMappingURL");
		const module = await import(`data:text/javascript,${encodeURIComponent(answer.text)}`);
		expect(Object.keys(module)).toEqual(["connect"]);

		const other = await startGateway();
		expect((await send(`${other.origin}/sse/client.js`)).status).toBe(404);
	});

	it("answers 304 to a client that has it, and HEAD without a body", async () => {
		const { origin } = await start();
		const url = `${origin}/sse/client.js`;
		const { headers } = await send(url);
		const etag = headers.etag as string;
		expect(headers["cache-control"]).toBe("public, no-cache");
		for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
			const again = await send(url, { headers: { "If-None-Match": tag } });
			expect([again.status, again.text]).toEqual([304, ""]);
		}
		expect((await send(url, { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
		const head = await send(url, { method: "HEAD" });
		expect([head.status, head.headers.etag, head.text]).toEqual([200, etag, ""]);
	});

	it("works beside the streams' route and the application's", async () => {
		const mine = (_req: unknown, res: { end(text: string): void }) => res.end("mine");
		const gateway = await start({ routes: [{ path: "/api", aliases: { "GET /x": mine } }] });
		expect((await send(`${gateway.origin}/api/x`)).text).toBe("mine");
		expect((await send(gateway.url("news"), { method: "HEAD" })).status).toBe(200);
		expect((await send(`${gateway.origin}/sse/client.js`)).status).toBe(200);
	});

	it("is refused if its path is taken", async () => {
		const mine = (_req: unknown, res: { end(text: string): void }) => res.end("mine");
		const routes = [{ path: "/sse", aliases: { "GET /client.js": mine } }];
		await expect(start({ routes })).rejects.toMatchObject({
			type: "SSE_INVALID_OPTION",
			data: { option: "client" }
		});
	});
});
