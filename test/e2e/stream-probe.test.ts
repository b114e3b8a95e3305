import { connect } from "amqplib";
import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { findEnd } from "../../mixins/sse/bus/probe.ts";
import { watchRejections } from "../support/rejections.ts";
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

		await expect(findEnd(connection, `nowhere-${crypto.randomUUID()}`)).rejects.toThrow(
			/NOT.FOUND/
		);
		vi.advanceTimersByTime(LATER);
		expect(await rejections()).toEqual([]);
		expect(vi.getTimerCount()).toBe(0);
	});
});
