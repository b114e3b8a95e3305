import { setImmediate as turn } from "node:timers/promises";
import { connect } from "amqplib";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { findEnd } from "../../mixins/sse/bus/probe.ts";
import { watchRejections } from "../support/rejections.ts";
import { TestStream } from "../support/test-stream.ts";
import "../support/provided.ts";

/** Milliseconds, more than a look at the stream waits for messages. */
const LATER = 60_000;

describe("a look at where the stream ends", () => {
	// Its timer went on, and ended the process ten seconds later with an unhandledRejection.
	it("that RabbitMQ refuses rejects, once: a reconnect at the wrong moment ends no process", async () => {
		const rejections = watchRejections();
		const connection = await connect(inject("amqpUrl"));
		onTestFinished(() => connection.close());
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		onTestFinished(() => {
			vi.useRealTimers();
		});

		const { signal } = new AbortController();
		await expect(findEnd(connection, `nowhere-${crypto.randomUUID()}`, signal)).rejects.toThrow(
			/NOT.FOUND/
		);
		vi.advanceTimersByTime(LATER);
		expect(await rejections()).toEqual([]);
		expect(vi.getTimerCount()).toBe(0);
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
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		onTestFinished(() => {
			vi.useRealTimers();
		});
		const closing = new AbortController();
		const look = findEnd(connection, stream.name, closing.signal);
		while (vi.getTimerCount() === 0) await turn();
		detour.freeze();

		closing.abort();
		await expect(look).rejects.toThrow(/aborted/);
		expect(vi.getTimerCount()).toBe(0);
		detour.thaw();
	});
});
