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

// The next start's publisher took it: its sender waited for `timeout`, was told that it was not sent, and the next start sent it.
describe("a node that has stopped", () => {
	it("sends nothing until it is started again, and says so at once", async () => {
		const stream = await TestStream.open();
		const gateway = await stream.gateway("gateway-1");
		const client = await openNews(gateway);
		const sender = await stream.sender("sender", { stream: { timeout: 60_000 } });
		await sender.send(event("before"));
		await sender.broker.stop();

		await expect(sender.send(event("told"))).rejects.toMatchObject({
			type: "SSE_BUS_UNAVAILABLE",
			message: expect.stringContaining("the node has stopped; it was not sent"),
			data: { unsure: false }
		});
		await sender.broker.broadcast("sse.send", event("logged"));
		await sender.broker.broadcast("sse.close", { sessionId: "B" });
		const errors = sender.log.at("error").filter(text => text.includes("the node has stopped"));
		expect(errors.length).toBeGreaterThan(0);
		expect(busState(sender.broker)).toMatchObject({
			connected: false,
			working: false,
			outbox: { events: 0, bytes: 0 }
		});

		await sender.broker.start();
		await sender.send(event("after"));
		await client.next(NEWS, 2);
		expect(client.received(NEWS)).toEqual(["before", "after"]);
		expect(await stream.revocations()).toEqual(["before", "after"]);
	});
});

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
