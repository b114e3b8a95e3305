import { connect, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { resetSocket } from "../support/clients/reset-socket.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { FACTOR, runs } from "../support/fuzz.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { watchRejections } from "../support/rejections.ts";

const PATH = "/sse/event-stream";

const query = fc.oneof(
	fc.constantFrom(
		"?eventName=news",
		"?eventName=news&eventName=other",
		"",
		"?",
		"?eventName=",
		"?eventName=sse.open",
		"?eventName=%0d%0adata:%20x",
		"?eventName=%00",
		"?eventName=%ff%fe",
		"?eventName=%",
		"?eventName=news&lastEventId=n.e.1",
		"?eventName=news&ticket=x.y.z",
		"?eventName[]=news&eventName[a]=b&__proto__[x]=1",
		`?${"eventName=a&".repeat(2000)}`,
		`?eventName=news&x=${"x".repeat(20_000)}`,
		"?eventName=news#fragment"
	),
	fc.webQueryParameters().map(text => `?${text}`)
);

const headerValue = fc.oneof(
	fc.constantFrom(
		"sid=alice2",
		"sid=*",
		"n.e.1",
		"~~~~",
		"x".repeat(9000),
		"x".repeat(40_000),
		"text/html",
		"text/event-stream;q=0",
		"text/event-stream;charset=utf-8",
		"*",
		"*/*;q=",
		"gzip",
		"100-continue",
		"close",
		"keep-alive, Upgrade",
		"websocket",
		"h2c",
		"5",
		"-1",
		"1e9",
		"chunked"
	),
	fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
	fc.string({ unit: "binary-ascii", maxLength: 30 })
);

const header = fc.tuple(
	fc.constantFrom(
		"Cookie",
		"Last-Event-ID",
		"Accept",
		"Accept-Encoding",
		"Content-Length",
		"Transfer-Encoding",
		"Connection",
		"Upgrade",
		"Expect",
		"Host",
		"X-Forwarded-For",
		"Origin",
		"__proto__",
		"a b",
		""
	),
	headerValue
);

/** One request as no client writes it. */
const request = fc
	.record({
		method: fc.constantFrom(
			"GET",
			"GET",
			"GET",
			"HEAD",
			"POST",
			"OPTIONS",
			"PRI",
			"get",
			"G\0T",
			""
		),
		path: fc.constantFrom(
			PATH,
			PATH,
			PATH,
			`${PATH}/`,
			`${PATH}//`,
			"/",
			"*",
			"http://x/sse/event-stream",
			"/%"
		),
		query,
		version: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "X"),
		headers: fc.array(header, { maxLength: 5 }),
		ending: fc.constantFrom(
			"\r\n\r\n",
			"\r\n\r\n",
			"\n\n",
			"\r\n",
			"",
			"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
			"\r\n\r\nbody"
		)
	})
	.map(({ method, path, query, version, headers, ending }) => {
		const lines = headers.map(([name, value]) => `${name}: ${value}`);
		const start = `${method} ${path}${query} ${version}`;
		return [start, "Host: x", ...lines].join("\r\n") + ending;
	});

const bytes = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.array(request, { minLength: 1, maxLength: 3 }).map(all => all.join(""))
	},
	{ weight: 1, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 200 }) },
	// requests with a byte changed
	{
		weight: 3,
		arbitrary: fc
			.tuple(request, fc.nat(), fc.integer({ min: 0, max: 255 }))
			.map(([text, at, byte]) => {
				const place = at % text.length;
				return text.slice(0, place) + String.fromCharCode(byte) + text.slice(place + 1);
			})
	}
);

/** Sends bytes, in pieces, and leaves in the given way; resolves when the connection is gone. */
function visit(
	gateway: TestGateway,
	text: string,
	{ pieces, leave }: { pieces: number; leave: "end" | "reset" | "destroy" }
): Promise<void> {
	const { promise, resolve } = Promise.withResolvers<void>();
	const { port } = new URL(gateway.origin);
	const socket: Socket = connect(Number(port), "127.0.0.1");
	socket.on("error", () => {});
	socket.on("close", () => resolve());
	socket.resume();
	const data = Buffer.from(text, "latin1");
	const step = Math.ceil(data.length / pieces) || 1;
	for (let at = 0; at < data.length; at += step) socket.write(data.subarray(at, at + step));
	setTimeout(() => {
		if (leave === "reset") resetSocket(socket);
		else if (leave === "end") socket.end(() => setTimeout(() => socket.destroy(), 5));
		else socket.destroy();
	}, 5);
	return promise;
}

describe("bytes of any kind on the wire", () => {
	it("neither crash nor hang a gateway, leave anything in it, nor get what is another's", async () => {
		const rejections = watchRejections();
		const uncaught: unknown[] = [];
		const record = (error: unknown) => uncaught.push(error);
		process.on("uncaughtException", record);
		onTestFinished(() => void process.off("uncaughtException", record));
		const gateway = await startGateway({
			broker: { logger: false },
			sse: {
				ticket: { secret: "x".repeat(32) },
				trustProxy: true,
				limits: { opensPerSecond: 0, streamsPerIp: 100_000 }
			}
		});
		const witness = await openStream(gateway.url("news"), { session: "alice" });
		let sent = 0;
		const course = fc.record({
			text: bytes,
			pieces: fc.integer({ min: 1, max: 5 }),
			leave: fc.constantFrom("end" as const, "reset" as const, "destroy" as const)
		});
		await fc.assert(
			fc.asyncProperty(fc.array(course, { minLength: 8, maxLength: 8 }), async courses => {
				const visits = courses.map(({ text, ...how }) => visit(gateway, text, how));
				await gateway.send({ eventName: "news", sessionId: "alice", payload: ++sent });
				await gateway.send({ eventName: "news", sessionId: "bob", payload: "for bob" });
				await Promise.all(visits);
			}),
			{ ...runs(1000), interruptAfterTimeLimit: 90_000 * FACTOR }
		);

		expect(sent).toBeGreaterThan(100);
		await witness.next("news", sent);
		expect(witness.received("news")).toEqual(Array.from({ length: sent }, (_, n) => n + 1));
		witness.close();
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		expect(Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway")).limits.held).toBe(0);
		await openStream(gateway.url("news"));
		expect(uncaught).toEqual([]);
		expect(await rejections()).toEqual([]);
	});

	it("that never become a request hold nothing, and hinder nobody", async () => {
		const gateway = await startGateway({ broker: { logger: false } });
		const { port } = new URL(gateway.origin);
		const half = `GET ${PATH}?eventName=news HTTP/1.1\r\nHost: x\r\nCookie: sid=`;
		const sockets = Array.from({ length: 500 }, () => {
			const socket = connect(Number(port), "127.0.0.1");
			socket.on("error", () => {});
			socket.write(half);
			onTestFinished(() => void socket.destroy());
			return socket;
		});
		const dripping = setInterval(() => {
			for (const socket of sockets) socket.write("x");
		}, 50);
		onTestFinished(() => clearInterval(dripping));
		const streams = await Promise.all(
			Array.from({ length: 20 }, (_, n) => openStream(gateway.url("news"), { session: `s-${n}` }))
		);
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
		for (const stream of streams) await stream.next("news");

		expect(gateway.held.streams).toBe(20);
	});
});
