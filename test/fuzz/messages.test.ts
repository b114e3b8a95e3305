import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readMessage } from "../../mixins/sse/bus/rabbitmq/message-codec.ts";
import { isRefusal } from "../../mixins/sse/core/errors/refusal.ts";
import type { Gateway } from "../../mixins/sse/gateway/gateway.ts";
import { SseMiddleware } from "../../mixins/sse/index.ts";
import { openStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { anyShape, FACTOR, runs } from "../support/fuzz.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { held } from "../support/memory.ts";
import { watchRejections } from "../support/rejections.ts";

const gatewayOf = ({ service }: TestGateway): Gateway =>
	Reflect.get(service, Symbol.for("moleculer-sse.gateway"));

const oneOf = (...values: unknown[]) => fc.oneof(fc.constantFrom(...values), anyShape);

/** Messages that are nearly valid, and some that are. */
const message = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record(
			{
				eventName: oneOf("news", "other", "sse.open", "a\nb"),
				sessionId: oneOf("alice", "bob", 42, "*", ["alice", 42], ["alice", "*"], [], "", -0),
				payload: oneOf(1, null, "x"),
				id: oneOf("n.e.1", "n.e.2", "m.f.7", "n.e.999999999999999")
			},
			{ requiredKeys: [] }
		)
	},
	{ weight: 1, arbitrary: anyShape }
);

/** Revocations, and what is nearly one. None closes everyone's streams, which chance would produce in 100,000. */
const closing = fc
	.oneof(
		fc.record(
			{ sessionId: oneOf("carol", "", []), eventName: oneOf("never"), reason: oneOf("x", "a\nb") },
			{ requiredKeys: [] }
		),
		anyShape
	)
	.filter(close => !isForEveryone(close));

function isForEveryone(close: unknown): boolean {
	if (typeof close !== "object" || close === null) return false;
	return Object.getOwnPropertyDescriptor(close, "sessionId")?.value === "*";
}

const encoder = new TextEncoder();
const ALICE = '{"eventName":"news","sessionId":"alice","payload":7}';

/** Bodies that are JSON of events, or nearly: truncated, or with one byte changed. */
const body = fc
	.tuple(
		fc.oneof(
			fc.constantFrom(
				ALICE,
				`[${ALICE},${ALICE}]`,
				`[${ALICE},{"__proto__":{"sessionId":"nobody"},"eventName":"news","payload":1},null]`,
				`${"[".repeat(5000)}${"]".repeat(5000)}`,
				`{"eventName":"news","sessionId":[${'"alice",'.repeat(2000)}"alice"],"payload":7}`
			),
			fc.json(),
			fc.string({ unit: "binary" })
		),
		fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))),
		fc.option(fc.nat())
	)
	.map(([text, change, cut]) => {
		const bytes = encoder.encode(text);
		if (change !== null && bytes.length > 0) bytes[change[0] % bytes.length] = change[1];
		return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
	});

const from = fc.record({ nodeID: fc.string(), typed: fc.boolean() });

/** An event's recipients, determined by nothing of the project's own. */
function addressees(input: unknown): readonly string[] {
	const { sessionId } = input as { sessionId: unknown };
	const ids = Array.isArray(sessionId) ? sessionId : [sessionId];
	return ids.map(id => (typeof id === "number" ? String(id) : id)) as string[];
}

describe("messages of any shape", () => {
	it("make a gateway neither throw nor write to a stream that they are not for", async () => {
		const rejections = watchRejections();
		const gateway = await startGateway({
			middleware: false,
			broker: { logger: false },
			sse: { ticket: { secret: "x".repeat(32) }, history: { maxBytes: 1_000_000 } }
		});
		const { fanOut, revocations, access } = gatewayOf(gateway);
		const streams = new Map<string, StreamClient>();
		for (const session of ["alice", "bob", "42", "nobody"]) {
			streams.set(session, await openStream(gateway.url("news"), { session }));
		}
		/** For whom each message was, by what identifies it in its payload. */
		const sent = new Map<number, readonly string[]>();
		let number = 0;
		fc.assert(
			fc.property(message, closing, from, (input, close, source) => {
				let marked = input;
				if (typeof input === "object" && input !== null && Object.hasOwn(input, "sessionId")) {
					number++;
					marked = { ...input, payload: { number } };
					sent.set(number, addressees(input));
				}
				fanOut.receive(marked, source);
				fanOut.receive(input, source);
				revocations.receive(close, source);
				access.tickets?.markUsed(input);
			}),
			{ ...runs(50_000), verbose: false }
		);
		await new Promise(resolve => setTimeout(resolve, 100));

		const fresh = await openStream(gateway.url("news"), { session: "dave" });
		fanOut.receive(
			{ eventName: "news", sessionId: "*", payload: "last" },
			{ nodeID: "n", fromRepl: false }
		);
		await fresh.next("news");
		for (const [session, stream] of streams) {
			for (const payload of stream.received("news") as unknown[]) {
				const marked = (payload as { number?: number } | null)?.number;
				if (marked === undefined) continue;
				const to = sent.get(marked) as readonly string[];
				expect(to.includes(session) || to.includes("*")).toBe(true);
			}
			expect(stream.events.filter(({ event }) => !OWN_AND_NEWS.has(event))).toEqual([]);
		}
		expect(fanOut.history?.bytes).toBeLessThanOrEqual(1_000_000);
		expect(({} as { sessionId?: unknown }).sessionId).toBeUndefined();
		expect(await rejections()).toEqual([]);
	});

	it("as bodies of AMQP messages do neither, whatever their bytes", async () => {
		const gateway = await startGateway({
			middleware: false,
			sse: { history: { maxBytes: 1_000_000 } }
		});
		const { fanOut } = gatewayOf(gateway);
		const [alice, nobody] = [
			await openStream(gateway.url("news"), { session: "alice" }),
			await openStream(gateway.url("news"), { session: "nobody" })
		];
		let offset = 0;
		const receive = (body: Uint8Array) => {
			const events = readMessage(Buffer.from(body).toString());
			if (isRefusal(events)) return;
			offset++;
			for (const [index, event] of events.entries()) {
				fanOut.receive(event, { nodeID: "an AMQP program", id: `${offset}-0-${index}` });
			}
		};
		let read = 0;
		await fc.assert(
			fc.asyncProperty(body, async bytes => {
				receive(bytes);
				// its client reads meanwhile
				if (++read % 100 === 0) await new Promise(setImmediate);
			}),
			runs(20_000)
		);
		// a million invalid ones in one message
		const before = process.threadCpuUsage();
		receive(encoder.encode(`[${"0,".repeat(999_999)}0]`));
		// microseconds
		expect(process.threadCpuUsage(before).user).toBeLessThan(5_000_000);
		receive(encoder.encode('{"eventName":"news","sessionId":["alice","nobody"],"payload":"last"}'));
		await Promise.all([alice, nobody].map(stream => until(stream, "last")));

		expect(nobody.received("news")).toEqual(["last"]);
		expect(alice.received("news").length).toBeGreaterThan(100);
		expect(fanOut.history?.bytes).toBeLessThanOrEqual(1_000_000);
		expect(gateway.log.at("warn").length).toBeLessThan(1000);
	});

	it("make a sender neither throw, hang nor send an invalid event", async () => {
		const rejections = watchRejections();
		const events = { news: { params: { $$strict: true, n: "number" } }, other: {} };
		const gateway = await startGateway({
			middleware: false,
			broker: { logger: false, middlewares: [SseMiddleware({ events })] }
		});
		const stream = await openStream(gateway.url("news", "other"), { session: "alice" });
		await fc.assert(
			fc.asyncProperty(message, closing, async (input, close) => {
				const sending = gateway.broker.broadcast("sse.send", input);
				const revoking = gateway.broker.broadcast("sse.close", close);
				gateway.broker.emit("sse.send", input).catch(() => {});
				await Promise.allSettled([sending, revoking]);
			}),
			runs(8000)
		);
		await gateway.send({ eventName: "other", sessionId: "alice", payload: "last" });
		await eventually(() => expect(stream.received("other").at(-1)).toBe("last"));

		for (const payload of stream.received("news")) {
			expect(payload).toEqual({ n: expect.any(Number) });
		}
		expect(await rejections()).toEqual([]);
	});
});

const until = (stream: StreamClient, payload: unknown) =>
	stream.until(() => stream.received("news").includes(payload), String(payload));

const OWN_AND_NEWS = new Set<string | undefined>([
	"sse.open",
	"sse.reset",
	"sse.heartbeat",
	"sse.close",
	"news"
]);

describe("distinct session ids and event names, over time", () => {
	it("leave nothing behind: a million in a long run", async () => {
		const gateway = await startGateway({
			middleware: false,
			broker: { logger: false },
			sse: { history: { maxBytes: 4_000_000 } }
		});
		const { fanOut, streams, limits } = gatewayOf(gateway);
		const source = { nodeID: "n", typed: false };
		const send = (n: number) =>
			fanOut.receive(
				{ eventName: `event-${n}`, sessionId: `session-${n}`, payload: n, id: `n.e.${n}` },
				source
			);
		const count = 100_000 * Math.min(FACTOR, 10);
		for (let n = 1; n <= count / 2; n++) send(n);
		const half = await held();
		for (let n = count / 2 + 1; n <= count; n++) send(n);

		const after = await held();
		expect(after.all - half.all).toBeLessThan(4_000_000);
		expect(fanOut.history?.bytes).toBeLessThanOrEqual(4_000_000);
		expect([streams.size, streams.sessionCount, streams.eventNameCount, limits.held]).toEqual([
			0, 0, 0, 0
		]);
	});
});
