import { fileURLToPath } from "node:url";
import { describe, expect, it, jest } from "@jest/globals";
import { busState } from "../../mixins/sse/index.ts";
import { eventually } from "../support/eventually.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";

const NODE = fileURLToPath(new URL("../support/fixtures/stream-node.ts", import.meta.url));

const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "A", payload });
/** Milliseconds within which a process ends whose connections RabbitMQ does not close. */
const SOON = 8000;

/** A gateway in a process of its own, whose path to RabbitMQ can be frozen. */
async function startProcess(frozen: boolean) {
	const stream = await TestStream.open();
	const detour = await stream.detour();
	if (frozen) detour.freeze();
	const env = { STREAM_URL: detour.url, STREAM_NAME: stream.name };
	const process = spawnNode(NODE, [], { env });
	onTestFinished(() => process.stop());
	return { detour, process };
}

/** How a process ends that is told to stop, and what it prints meanwhile. */
async function end(process: RunningProcess): Promise<{ ended: string | null; said: string }> {
	const before = process.output.length;
	process.kill("SIGTERM");
	await eventually(() => expect(process.ended).not.toBe(null), { timeout: SOON });
	return { ended: process.ended, said: process.output.slice(before) };
}

describe("a node that stops while RabbitMQ hangs", () => {
	// The reader's timer continued until RabbitMQ had closed the connection, and acknowledged on it: amqplib throws then, out
	// of the timer, which ended the process.
	it("acknowledges nothing on the closing connection, and leaves no timer", async () => {
		const stream = await TestStream.open();
		const detour = await stream.detour();
		useFakeTimers(["setInterval", "clearInterval"]);
		onTestFinished(() => {
			jest.useRealTimers();
		});
		const gateway = await stream.gateway("gateway-1", { stream: { url: detour.url } });
		const client = await openNews(gateway);
		await gateway.send(event("read, and not acknowledged"));
		await client.next(NEWS);
		expect(jest.getTimerCount()).toBeGreaterThan(0);
		detour.freeze();

		const stopped = gateway.broker.stop();
		await client.end;
		// it is closing now, and closes once it is cut off
		await eventually(() => expect(busState(gateway.broker)?.working).toBe(false));
		jest.advanceTimersByTime(60_000);
		await stopped;
		jest.advanceTimersByTime(60_000);
		expect(jest.getTimerCount()).toBe(0);
	});

	it("ends by itself, without an error", async () => {
		const { detour, process } = await startProcess(false);
		await process.waitFor(/working/);
		detour.freeze();
		expect(await end(process)).toEqual({ ended: "code 0", said: "stopped\n" });
	});

	it("ends by itself even if it was never connected", async () => {
		const { process } = await startProcess(true);
		await process.waitFor(/started/);
		expect(await end(process)).toMatchObject({ ended: "code 0" });
	});
});
