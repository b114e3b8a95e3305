import { describe, expect, it } from "@jest/globals";
import { eventually } from "../support/eventually.ts";
import { metric, metricsBecome } from "../support/gateway/metrics.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";

const METRICS = { broker: { metrics: true } };
const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "A", payload });

describe("the metrics of a RabbitMQ stream", () => {
	it("say how long events take, what waits, and what cannot be read", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1", METRICS);
		const detour = await stream.detour();
		const sender = await stream.sender("sender", { ...METRICS, stream: { url: detour.url } });
		const client = await openNews(gateway);
		await sender.send(event(1));
		await client.next(NEWS);
		await metricsBecome(gateway.broker, { "events.delivered": 1, "delivery.time": 1 });
		expect(metric(gateway.broker, "bus.lag")).toBeGreaterThanOrEqual(0);
		await metricsBecome(sender.broker, { "outbox.events": 0, "outbox.bytes": 0, "bus.working": 1 });

		detour.down();
		const late = sender.broker.broadcast("sse.send", event(2));
		await metricsBecome(sender.broker, {
			"outbox.events": 1,
			"outbox.bytes": Buffer.byteLength(JSON.stringify(event(2))),
			"bus.connected": 0
		});
		detour.up();
		await late;
		await eventually(() => expect(metric(sender.broker, "outbox.events")).toBe(0), {
			timeout: 15_000
		});

		stream.publish("no JSON", { timestamp_in_ms: Date.now() - 2000 });
		stream.publish([], { "sse-close": "no JSON" });
		// of another program: its time may be of whole seconds
		stream.publish(event(3), { timestamp_in_ms: Date.now() - 2000 });
		await client.next(NEWS, 3);
		await metricsBecome(gateway.broker, {
			"events.dropped{invalid}": 1,
			"revocations.dropped": 1,
			"events.delivered": 3,
			"delivery.time": 2
		});
		expect(metric(gateway.broker, "bus.lag")).toBeGreaterThanOrEqual(2000);
	}, 60_000);
});
