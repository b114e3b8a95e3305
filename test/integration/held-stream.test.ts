import { describe, expect, it } from "@jest/globals";
import { RawSocket } from "../support/clients/raw-socket.ts";
import { requestStream, type StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { NOTHING, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { give as giveEvent } from "../support/gateway/give.ts";
import { runningTime } from "../support/running-time.ts";

/** Gives the bus an event as another gateway got it, with its id. */
const give = (gateway: TestGateway, seq: number) =>
	giveEvent(gateway, { eventName: "news", sessionId: "alice", payload: seq, id: `n.e.${seq}` });

/** A gateway, and a client that has got event 5 elsewhere, which has not arrived here yet. */
async function startAhead(): Promise<{ gateway: TestGateway; stream: StreamClient }> {
	const gateway = await startGateway({ middleware: false });
	give(gateway, 1);
	const stream = await requestStream(gateway.url("news"), {
		session: "alice",
		headers: { "last-event-id": "n.e.5" }
	});
	expect(gateway.held.streams).toBe(1);
	return { gateway, stream };
}

const names = (stream: StreamClient) => stream.events.map(({ event }) => event);

describe("while a stream waits for the event that its client has got elsewhere", () => {
	it("what arrives is not lost: it follows the replay, or the client is told", async () => {
		const { gateway, stream } = await startAhead();
		for (const seq of [2, 3, 4, 5, 6]) await give(gateway, seq);
		await stream.next("news");
		give(gateway, 7);
		await stream.next("news", 2);

		expect(names(stream)).toEqual(["sse.open", "news", "news"]);
		expect(stream.received("sse.open")).toMatchObject([{ resumed: true }]);
		expect(stream.received("news")).toEqual([6, 7]);
	});

	it("its first event is sse.open, even if the bus loses events meanwhile", async () => {
		const { gateway, stream } = await startAhead();
		give(gateway, 3);
		await stream.next("sse.open");

		expect(names(stream)[0]).toBe("sse.open");
		expect(stream.text).toMatch(/^retry: /);
		await stream.next("sse.reset");
	});

	it("the client may leave", async () => {
		const { gateway, stream } = await startAhead();
		stream.close();

		await eventually(() => expect(gateway.held).toEqual(NOTHING));
		give(gateway, 2);
	});

	it("the node may stop: the client is told when to come back", async () => {
		const { gateway, stream } = await startAhead();
		const took = await runningTime(() => gateway.broker.stop());

		expect(took).toBeLessThan(1000);
		expect(await stream.end).toBe("ended");
		expect(stream.retries).toHaveLength(1);
		expect(names(stream).at(-1)).toBe("sse.close");
		expect(gateway.held).toEqual(NOTHING);
	});

	it("it may reach the end of its life: it ends like any other", async () => {
		const gateway = await startGateway({ middleware: false, sse: { timeout: 100 } });
		give(gateway, 1);
		const stream = await requestStream(gateway.url("news"), {
			headers: { "last-event-id": "n.e.5" }
		});

		expect(await stream.end).toBe("ended");
		expect(names(stream).at(-1)).toBe("sse.close");
		await eventually(() => expect(gateway.held).toEqual(NOTHING));
	});
});

describe("a place that a client forges", () => {
	it.each([
		["nothing", ""],
		["spaces", "   "],
		["no id", "\u00ff\u00fe"],
		["a very long one", "x".repeat(8000)],
		["a long number", `n.e.${"9".repeat(400)}`],
		["a negative number", "n.e.-1"],
		["a fraction", "n.e.1.5"],
		["an object's own", "__proto__.e.1"],
		["an object's own, as a whole", "constructor"]
	])("still opens a stream: %s", async (_, id) => {
		const gateway = await startGateway({ middleware: false });
		give(gateway, 1);
		const raw = new RawSocket(gateway.origin);
		raw.socket.write(
			`GET /sse/event-stream?eventName=news HTTP/1.1\r\nhost: x\r\ncookie: sid=alice\r\nlast-event-id: ${id}\r\n\r\n`,
			"latin1"
		);
		await raw.until("sse.open");
		give(gateway, 2);
		await raw.until("data: 2");

		expect(raw.text).not.toContain("data: 1\n");
	});
});
