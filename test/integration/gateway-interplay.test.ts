import { describe, expect, it } from "@jest/globals";
import { type Context, type Span, TracerExporters } from "moleculer";
import { send } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { runningTime } from "../support/running-time.ts";

/** A tracer's exporter that keeps the spans that it gets. */
class RecordedSpans extends TracerExporters.Base {
	readonly started: Span[] = [];
	readonly finished: Span[] = [];

	constructor() {
		super({});
	}

	override spanStarted(span: Span): void {
		this.started.push(span);
	}

	override spanFinished(span: Span): void {
		this.finished.push(span);
	}
}

const STREAMS = 20;
const greeter = {
	name: "greeter",
	actions: {
		hello: { bulkhead: { enabled: false }, handler: () => "hello" },
		where: (ctx: Context) => ctx.nodeID
	}
};

const routes = [{ path: "/api", aliases: { "GET /hello": "greeter.hello" } }];

function openMany(url: string) {
	return Promise.all(Array.from({ length: STREAMS }, () => openStream(url)));
}

/** Value of one of Moleculer's metrics, over all its labels. */
function metric(gateway: TestGateway, name: string): number {
	const [found] = gateway.broker.metrics?.list({ includes: name }) ?? [];
	return Array.from(found?.values.values() ?? [], ({ value }) => value).reduce((a, b) => a + b, 0);
}

describe("open streams hold nothing of the gateway's:", () => {
	it.each(["/sse/event-stream", "/live"])(
		"no slot of a bulkhead: with five, twenty streams at %s starve nobody",
		async path => {
			const live = { path: "/live", aliases: { "GET /": { type: "sse" } } };
			const gateway = await startGateway({
				services: [greeter],
				settings: { routes: [...routes, live] },
				broker: { bulkhead: { enabled: true, concurrency: 5, maxQueueSize: 5 } }
			});
			for (let n = 0; n < STREAMS; n++) await openStream(gateway.at(path, "news"));
			const answers = await Promise.all(
				Array.from({ length: 5 }, () => send(`${gateway.origin}/api/hello`))
			);

			expect(answers.map(({ text }) => text)).toEqual(answers.map(() => '"hello"'));
			expect(gateway.held.streams).toBe(STREAMS);
		}
	);

	it("no slot of a bulkhead for events: more at once than it has arrive", async () => {
		const gateway = await startGateway({
			broker: { bulkhead: { enabled: true, concurrency: 1, maxQueueSize: 1 } }
		});
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		const numbers = Array.from({ length: 50 }, (_, n) => n);
		await Promise.all(
			numbers.map(payload => gateway.send({ eventName: "news", sessionId: "alice", payload }))
		);
		await stream.next("news", numbers.length);

		expect(stream.received("news")).toEqual(numbers);
	});

	it("no span: each has finished when its stream is open", async () => {
		const spans = new RecordedSpans();
		const gateway = await startGateway({
			broker: { tracing: { enabled: true, exporter: spans, events: true } as never }
		});
		const streams = await openMany(gateway.url("news"));

		const requests = (list: readonly Span[]) => list.filter(({ name }) => name.startsWith("GET "));
		await eventually(() => expect(requests(spans.finished)).toHaveLength(STREAMS));
		expect(requests(spans.started)).toHaveLength(STREAMS);
		expect(spans.finished.filter(({ error }) => error)).toEqual([]);
		expect(gateway.held.streams).toBe(STREAMS);

		// an event has two, and none for each of its streams
		const before = spans.started.length;
		await gateway.send({ eventName: "news", sessionId: "*", payload: 1 });
		await Promise.all(streams.map(stream => stream.next("news")));
		expect(spans.started.slice(before).map(({ name }) => name)).toEqual([
			"sse.send",
			"sse.deliver"
		]);
	});

	it("no action in flight: the metrics go back to zero", async () => {
		const gateway = await startGateway({
			broker: { metrics: { enabled: true, reporter: [] } }
		});
		await openMany(gateway.url("news"));

		await eventually(() => expect(metric(gateway, "moleculer.request.active")).toBe(0));
		expect(metric(gateway, "moleculer.request.total")).toBe(STREAMS);
		expect(gateway.held.streams).toBe(STREAMS);
	});

	it("no context that a graceful shutdown would wait for", async () => {
		const gateway = await startGateway({
			broker: { tracking: { enabled: true, shutdownTimeout: 10_000 } }
		});
		await openMany(gateway.url("news"));
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(1000);
	});

	it("no time of a request: a short requestTimeout ends no stream", async () => {
		const gateway = await startGateway({
			sse: { heartbeat: 1200 },
			broker: { requestTimeout: 500 }
		});
		const stream = await openStream(gateway.url("news"));

		await stream.next("sse.heartbeat");
	});

	it("no place among the server's requests: its requestTimeout ends no stream", async () => {
		const gateway = await startGateway({
			sse: { heartbeat: 1200 },
			settings: { requestTimeout: 500 }
		});
		const stream = await openStream(gateway.url("news"));

		await stream.next("sse.heartbeat");
	});
});

describe("what the gateway logs", () => {
	it("has a line for the request and one for the response of each stream", async () => {
		const gateway = await startGateway();
		await openStream(gateway.url("news"));
		const info = gateway.log.at("info").filter(text => text.includes("/sse/event-stream?"));

		expect(info).toEqual([
			"=> GET /sse/event-stream?eventName=news",
			expect.stringMatching(/^<= .*200.* GET /)
		]);
	});

	it("contains no event: payloads are the users' own", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "alice" });
		await gateway.send({ eventName: "news", sessionId: "alice", payload: "a secret" });
		await gateway
			.send({ eventName: "a\nb", sessionId: "alice", payload: "a secret" })
			.catch(() => {});
		await stream.next("news");

		expect(gateway.log.entries.filter(({ text }) => text.includes("a secret"))).toEqual([]);
	});
});
