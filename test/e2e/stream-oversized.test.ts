import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { busState } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { metric } from "../support/gateway/metrics.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { openRabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";
import { runningTime } from "../support/running-time.ts";
import { skip } from "../support/skip.ts";

// RabbitMQ closes the channel on which such a message arrives. It was written again on the next one, endlessly, and everything
// that was sent on the node later waited behind it.

const MAX_MESSAGE_SIZE = 100_000;
const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "A", payload });
const tooLarge = event("x".repeat(MAX_MESSAGE_SIZE));
const REFUSED = { type: "SSE_INVALID_EVENT", retryable: false, data: { field: "payload" } };
const SAYS =
	/The event "news" of 1000\d\d bytes was discarded.*larger than.*limits\.eventBytes.*max_message_size/;

/** A RabbitMQ stream on a RabbitMQ with a low limit, and a client of a gateway that reads it. */
async function openStrict() {
	const rabbitmq = await openRabbitMq(inject("programs").rabbitmq, {
		maxMessageSize: MAX_MESSAGE_SIZE
	});
	if (!rabbitmq.controllable)
		skip("AMQP_URL names a RabbitMQ whose limits are not this test's to set");
	await rabbitmq.start();
	onTestFinished(() => rabbitmq.stop());
	const stream = await TestStream.open({ url: rabbitmq.url });
	return { stream, client: await openNews(await stream.gateway("gateway-1")) };
}

describe("an event that is too large for RabbitMQ", () => {
	it("is given up, and its sender is told; those around it arrive, once each, in order", async () => {
		const { stream, client } = await openStrict();
		const sender = await stream.sender("sender", { broker: { metrics: true } });

		const refused = () =>
			expect(sender.send(tooLarge)).rejects.toMatchObject({
				...REFUSED,
				message: expect.stringMatching(SAYS)
			});
		expect(await runningTime(refused)).toBeLessThan(2000);

		// one message
		const joined = [event(1), tooLarge, event(2)].map(each => sender.send(each));
		expect(await Promise.allSettled(joined)).toMatchObject([
			{ status: "fulfilled" },
			{ status: "rejected", reason: REFUSED },
			{ status: "fulfilled" }
		]);

		// several messages under way, some joined, none of which is known to be the one
		const sent: Promise<unknown>[] = [];
		for (let n = 3; n <= 102; n++) {
			sent.push(sender.send(event(n)));
			if (n % 25 === 0) sent.push(sender.send(tooLarge));
			if (n % 5 === 0) await sleep(1);
		}
		const results = await Promise.allSettled(sent);
		expect(results.filter(({ status }) => status === "rejected")).toHaveLength(4);
		await client.next(NEWS, 102);
		expect(client.received(NEWS)).toEqual(Array.from({ length: 102 }, (_, n) => n + 1));
		expect(busState(sender.broker)).toMatchObject({ outbox: { events: 0, bytes: 0 } });
		expect(metric(sender.broker, "events.failed{refused}")).toBe(6);
	}, 60_000);

	it("is logged without `throwError`, even if it was to be sent later, and what follows is sent", async () => {
		const { stream, client } = await openStrict();
		const detour = await stream.detour();
		const sender = await stream.sender("sender", { stream: { url: detour.url, timeout: 2000 } });
		await sender.broker.broadcast("sse.send", tooLarge);
		await sender.broker.broadcast("sse.send", event("first"));
		const told = () => sender.log.at("error").filter(text => SAYS.test(text));
		expect(told()).toHaveLength(1);

		detour.down();
		await eventually(() => expect(busState(sender.broker)?.connected).toBe(false));
		for (const each of [event("second"), tooLarge, event("third")]) {
			await sender.broker.broadcast("sse.send", each);
		}
		detour.up();
		await eventually(() => expect(busState(sender.broker)?.outbox.events).toBe(0), {
			timeout: 15_000
		});
		expect(told()).toHaveLength(2);
		await client.next(NEWS, 3);
		expect(client.received(NEWS)).toEqual(["first", "second", "third"]);
	}, 60_000);
});
