import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { bringClient } from "../support/client-file.ts";
import { send } from "../support/clients/request.ts";
import { startGateway } from "../support/gateway/gateway.ts";

beforeAll(bringClient, 60_000);

/** An answer as it goes over the wire. */
async function bytesOf(url: string, headers: OutgoingHttpHeaders) {
	const [answer] = (await once(get(url, { headers }), "response")) as [IncomingMessage];
	return { headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
}

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

	// It went over the wire as it is, three times as large as the guide says.
	it.each([
		["gzip, deflate, br", "br"],
		["gzip", "gzip"],
		["br;q=0.5, gzip", "gzip"],
		["*", "br"],
		["br;q=0, deflate", undefined],
		[undefined, undefined]
	])("is compressed for a client that takes that: %s", async (accepted, encoding) => {
		const { origin } = await start();
		const url = `${origin}/sse/client.js`;
		const headers = accepted === undefined ? {} : { "accept-encoding": accepted };
		const [answer, again] = [await bytesOf(url, headers), await bytesOf(url, headers)];
		expect(answer.headers["content-encoding"]).toBe(encoding);
		expect(answer.headers.vary).toBe("Accept-Encoding");
		expect(answer.headers["content-length"]).toBe(String(answer.body.length));
		const decode = { br: brotliDecompressSync, gzip: gunzipSync }[encoding ?? ""];
		expect((decode?.(answer.body) ?? answer.body).toString()).toContain("as connect}");
		const most = { br: 5000, gzip: 5500 }[encoding ?? ""] ?? Number.POSITIVE_INFINITY;
		expect(answer.body.length).toBeLessThan(most);
		expect(again.body).toEqual(answer.body);

		const etag = answer.headers.etag as string;
		const known = await send(url, { headers: { ...headers, "If-None-Match": etag } });
		expect([known.status, known.headers.vary, known.text]).toEqual([304, "Accept-Encoding", ""]);
		const head = await send(url, { method: "HEAD", headers });
		const names = ["content-encoding", "content-length", "etag", "vary"];
		expect(names.map(name => head.headers[name])).toEqual(names.map(name => answer.headers[name]));
	});

	it("has an ETag for each encoding, and keeps what else it varies by", async () => {
		const { origin } = await start({ cors: { origin: ["http://a.example", "http://b.example"] } });
		const answers = ["br", "gzip", "identity"].map(encoding =>
			bytesOf(`${origin}/sse/client.js`, {
				"accept-encoding": encoding,
				origin: "http://b.example"
			})
		);
		const headers = (await Promise.all(answers)).map(answer => answer.headers);
		expect(new Set(headers.map(({ etag }) => etag)).size).toBe(3);
		for (const { vary } of headers) expect(vary).toBe("Origin, Accept-Encoding");
	});

	it("works beside the streams' route and the application's", async () => {
		const mine = (_req: unknown, res: { end(text: string): void }) => res.end("mine");
		const gateway = await start({ routes: [{ path: "/api", aliases: { "GET /x": mine } }] });
		expect((await send(`${gateway.origin}/api/x`)).text).toBe("mine");
		expect((await send(gateway.url("news"), { method: "HEAD" })).status).toBe(200);
		expect((await send(`${gateway.origin}/sse/client.js`)).status).toBe(200);
	});

	it("does not give way to a route that is added at run time", async () => {
		const { broker, origin } = await start();
		const answer = broker.call("api.addRoute", { route: { path: "/sse/client.js" } });
		await expect(answer).rejects.toMatchObject({
			type: "SSE_INVALID_OPTION",
			data: { option: "client" }
		});
		expect((await send(`${origin}/sse/client.js`)).status).toBe(200);
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
