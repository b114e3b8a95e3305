import { spawn } from "node:child_process";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { SseMixinOptions } from "../../mixins/sse/index.ts";
import { connectHttp2 } from "../support/clients/http2-client.ts";
import { send as request, start } from "../support/clients/request.ts";
import { openStream, StreamClient } from "../support/clients/stream-client.ts";
import { stubClocks } from "../support/clocks.ts";
import { eventually } from "../support/eventually.ts";
import { startExpressGateway } from "../support/gateway/express-gateway.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { TLS } from "../support/tls.ts";

const NEWS = "news";
const GZIP = { "accept-encoding": "gzip" };

const startZipped = (sse: SseMixinOptions = {}, settings: Record<string, unknown> = {}) =>
	startGateway({ sse: { compression: { threshold: 200 }, ...sse }, settings });

const send = (gateway: TestGateway, payload: unknown) =>
	gateway.send({ eventName: NEWS, sessionId: "*", payload });

/** A stream read through Node's own gunzip; everything received is kept. */
interface Zipped {
	readonly client: StreamClient;
	readonly wire: () => Buffer;
}

type Open = (gateway: TestGateway, headers?: Record<string, string>) => Promise<Zipped>;

function unzip(
	status: number,
	headers: object,
	body: NodeJS.ReadableStream,
	hangUp: () => void
): Zipped {
	const parts: Buffer[] = [];
	const gunzip = createGunzip();
	body.on("data", part => {
		parts.push(part);
		gunzip.write(part);
	});
	body.on("end", () => gunzip.end());
	body.on("error", error => gunzip.destroy(error));
	const client = new StreamClient(status, { ...headers }, gunzip, hangUp);
	return { client, wire: () => Buffer.concat(parts) };
}

const openOverHttp1: Open = (gateway, headers = {}) => {
	const { promise, resolve, reject } = Promise.withResolvers<Zipped>();
	const outgoing = start(gateway.url(NEWS), { headers: { ...GZIP, ...headers }, session: "A" });
	outgoing.on("error", reject);
	outgoing.on("response", response => {
		const { statusCode = 0 } = response;
		resolve(unzip(statusCode, response.headers, response, () => outgoing.destroy()));
	});
	outgoing.end();
	return promise;
};

const openOverHttp2: Open = (gateway, headers = {}) => {
	const { promise, resolve } = Promise.withResolvers<Zipped>();
	const { pathname, search } = new URL(gateway.url(NEWS));
	const stream = connectHttp2(gateway.origin).request({
		":path": pathname + search,
		cookie: "sid=A",
		...GZIP,
		...headers
	});
	stream.on("error", () => {});
	stream.on("response", ({ ":status": status = 0, ...rest }) =>
		resolve(unzip(status, rest, stream, () => stream.close()))
	);
	return promise;
};

const TRANSPORTS: [name: string, settings: Record<string, unknown>, open: Open][] = [
	["HTTP/1.1", {}, openOverHttp1],
	["https", { https: TLS }, openOverHttp1],
	["HTTP/2", { http2: true }, openOverHttp2]
];

const SIZES = [0, 10, 199, 200, 1000, 70_000, 3, 200_000, 5];

describe.each(TRANSPORTS)("a compressed stream over %s", (_, settings, open) => {
	it("says so, and delivers each event as soon as it is sent", async () => {
		const gateway = await startZipped({}, settings);
		const { client } = await open(gateway);
		await client.next("sse.open");
		for (const [n, size] of SIZES.entries()) {
			await send(gateway, "ü".repeat(size));
			await client.next(NEWS, n + 1);
		}

		expect(client.headers).toMatchObject({
			"content-encoding": "gzip",
			"content-type": "text/event-stream"
		});
		expect(client.headers.vary).toContain("Accept-Encoding");
		expect(client.received(NEWS)).toEqual(SIZES.map(size => "ü".repeat(size)));
	});

	it("carries many events of one turn, heartbeats and its end, and is a complete gzip file", async () => {
		const clocks = stubClocks();
		const gateway = await startZipped({ heartbeat: 40, timeout: 4000 }, settings);
		const { client, wire } = await open(gateway);
		await client.next("sse.open");
		await Promise.all(SIZES.map(size => send(gateway, "x".repeat(size))));
		await turn();
		await Promise.all(SIZES.map(size => send(gateway, "y".repeat(size))));
		await client.next(NEWS, 2 * SIZES.length);
		await client.next("sse.heartbeat");
		clocks.pass(8000);

		expect(await client.end).toBe("ended");
		// to the last byte, including checksum and length
		expect(gunzipSync(wire()).toString()).toBe(client.text);
		expect(client.received(NEWS)).toEqual([
			...SIZES.map(size => "x".repeat(size)),
			...SIZES.map(size => "y".repeat(size))
		]);
		expect(client.received("sse.close")).toEqual([{ reason: "timeout" }]);
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});

	it("resumes", async () => {
		const gateway = await startZipped({}, settings);
		const first = await open(gateway);
		await send(gateway, "x".repeat(1000));
		const { id = "" } = await first.client.next(NEWS);
		first.client.close();
		for (const n of [1, 2, 3]) await send(gateway, `${n}`.repeat(500));
		const { client } = await open(gateway, { "last-event-id": id });
		await send(gateway, "live");
		await client.next(NEWS, 4);

		expect(client.received(NEWS)).toEqual([..."123"].map(n => n.repeat(500)).concat("live"));
		expect(client.received("sse.open")).toMatchObject([{ resumed: true }]);
	});
});

describe("compression", () => {
	it("saves what repeats", async () => {
		const gateway = await startZipped();
		const { client, wire } = await openOverHttp1(gateway);
		await client.next("sse.open");
		const before = wire().length;
		const items = Array.from({ length: 30 }, (_, id) => ({ id, name: `item ${id}`, isOpen: true }));
		await send(gateway, items);
		await client.next(NEWS);

		expect(wire().length - before).toBeLessThan(JSON.stringify(items).length / 4);
	});

	it("stays valid at every length of an event, at and around the limits of its blocks", async () => {
		const gateway = await startZipped({ compression: { threshold: 300_000 } });
		const { client } = await openOverHttp1(gateway);
		const sizes = [65_400, 65_500, 65_534, 65_535, 65_536, 70_000, 131_070, 140_000, 0, 1, 2];
		for (const size of sizes) await send(gateway, "z".repeat(size));
		await client.next(NEWS, sizes.length);

		expect(client.received(NEWS)).toEqual(sizes.map(size => "z".repeat(size)));
	});

	it.each([
		["no Accept-Encoding", {}],
		["one without gzip", { "accept-encoding": "br, deflate" }],
		["one that refuses gzip", { "accept-encoding": "gzip;q=0, *" }],
		["one that likes identity better", { "accept-encoding": "identity, gzip;q=0.5" }]
	])("leaves alone a client that sends %s, and tells caches that it varies", async (_, headers) => {
		const gateway = await startZipped();
		const stream = await openStream(gateway.url(NEWS), { headers });

		expect(stream.headers["content-encoding"]).toBeUndefined();
		expect(stream.headers.vary).toBe("Accept-Encoding");
	});

	it("is off unless it is asked for", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url(NEWS), { headers: GZIP });

		expect(stream.headers).not.toHaveProperty("content-encoding");
		expect(stream.headers).not.toHaveProperty("vary");
	});

	it("adds to what the response varies by already", async () => {
		const gateway = await startZipped({}, { cors: { origin: ["http://a.example"] } });
		const { client } = await openOverHttp1(gateway, { origin: "http://a.example" });

		expect(client.headers.vary).toBe("Origin, Accept-Encoding");
	});

	it("is announced by HEAD as by GET", async () => {
		const gateway = await startZipped();
		const { headers } = await request(gateway.url(NEWS), { method: "HEAD", headers: GZIP });

		expect(headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
	});

	it("does not touch the answer of a gateway that has stopped", async () => {
		const gateway = await startExpressGateway({ sse: { compression: {} } });
		await gateway.broker.stop();
		const { headers, text } = await request(gateway.url(NEWS), { headers: GZIP });

		expect(headers["content-encoding"]).toBeUndefined();
		expect(text).toContain("sse.close");
	});

	it("serves clients with and without it side by side", async () => {
		const gateway = await startZipped();
		const plain = await openStream(gateway.url(NEWS));
		const { client } = await openOverHttp1(gateway);
		await client.next("sse.open");
		await Promise.all([1, 2, 3].map(n => send(gateway, `${n}`.repeat(400))));
		await Promise.all([plain, client].map(stream => stream.next(NEWS, 3)));

		expect(client.received(NEWS)).toEqual(plain.received(NEWS));
	});

	it("is understood by curl, event by event", async () => {
		const gateway = await startZipped({ timeout: 0 });
		const curl = spawn("curl", ["--compressed", "-sN", gateway.url(NEWS)]);
		onTestFinished(() => void curl.kill());
		// it may be gone before the gateway has stopped
		const closed = once(curl, "close");
		let text = "";
		curl.stdout.setEncoding("utf8").on("data", part => {
			text += part;
		});
		const until = (what: string) => eventually(() => expect(text).toContain(what));
		await until("sse.open");
		for (const n of [1, 2, 3]) {
			await send(gateway, `${n}`.repeat(150 * n));
			await until(`${n}`.repeat(150 * n));
		}
		await gateway.broker.stop();
		const [code] = await closed;

		expect(code).toBe(0);
		expect(text).toMatch(/event: sse\.close\ndata: .+\n\n$/);
	});
});
