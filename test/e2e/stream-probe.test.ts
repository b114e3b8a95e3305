import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { connect } from "amqplib";
import { findEnd } from "../../mixins/sse/bus/rabbitmq/receiver/stream-bounds.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { TestStream } from "../support/rabbitmq/test-stream.ts";
import { watchRejections } from "../support/rejections.ts";

/** Milliseconds, more than a search on the RabbitMQ stream waits for messages. */
const LATER = 60_000;

describe("a search for the end of the RabbitMQ stream", () => {
	// Its timer continued, and ended the process ten seconds later with an unhandledRejection.
	it("that RabbitMQ refuses rejects, once: a reconnect at the wrong moment ends no process", async () => {
		const rejections = watchRejections();
		const connection = await connect(inject("amqpUrl"));
		onTestFinished(() => connection.close());
		useFakeTimers(["setTimeout", "clearTimeout"]);
		onTestFinished(() => {
			jest.useRealTimers();
		});

		const { signal } = new AbortController();
		await expect(findEnd(connection, `nowhere-${crypto.randomUUID()}`, signal)).rejects.toThrow(
			/NOT.FOUND/
		);
		jest.advanceTimersByTime(LATER);
		expect(await rejections()).toEqual([]);
		expect(jest.getTimerCount()).toBe(0);
	});

	it("ends at once by its signal while RabbitMQ hangs, and leaves no timer", async () => {
		const stream = await TestStream.open();
		await stream.channel.assertQueue(stream.name, {
			durable: true,
			arguments: { "x-queue-type": "stream" }
		});
		const detour = await stream.detour();
		const connection = await connect(detour.url);
		onTestFinished(() => connection.close());
		useFakeTimers(["setTimeout", "clearTimeout"]);
		onTestFinished(() => {
			jest.useRealTimers();
		});
		const closing = new AbortController();
		const look = findEnd(connection, stream.name, closing.signal);
		while (jest.getTimerCount() === 0) await turn();
		detour.freeze();

		closing.abort();
		await expect(look).rejects.toThrow(/aborted/);
		expect(jest.getTimerCount()).toBe(0);
		detour.thaw();
	});
});
