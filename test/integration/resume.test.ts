import { describe, expect, it, jest } from "@jest/globals";
import { History } from "../../mixins/sse/core/history/history.ts";
import {
	openStream,
	type ReceivedEvent,
	requestStream,
	type StreamClient
} from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { give as giveEvent } from "../support/gateway/give.ts";
import { meet, memberOf } from "../support/gateway/meet.ts";
import { onTestFinished } from "../support/on-test-finished.ts";

const NEWS = "news";

/** A gateway whose bus passes on what a test gives it, including ids. */
const startBare = (sse = {}) => startGateway({ middleware: false, sse });

const give = (gateway: TestGateway, id: string, payload: unknown = id, sessionId = "A") =>
	giveEvent(gateway, { eventName: NEWS, sessionId, payload, id });

function open(gateway: TestGateway, lastEventId?: string, session = "A"): Promise<StreamClient> {
	const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
	return openStream(gateway.url(NEWS), { session, headers });
}

const opened = (stream: StreamClient) => stream.received("sse.open")[0];
const names = (stream: StreamClient) => stream.events.map(({ event }) => event);
const place = ({ events }: StreamClient) => events.findLast(e => e.id)?.id as string;

/** Waits until a stream has got everything that was sent before, by sending one more. */
async function settle(gateway: TestGateway, stream: StreamClient, id?: string): Promise<unknown[]> {
	const last = { eventName: NEWS, sessionId: "A", payload: "last" };
	if (id === undefined) await gateway.send(last);
	else give(gateway, id, "last");
	await stream.until(() => stream.received(NEWS).includes("last"), "the last event");
	return stream.received(NEWS).slice(0, -1);
}

describe("a client that comes back", () => {
	it("gets what it missed, in order, and then what is sent", async () => {
		const gateway = await startGateway();
		const first = await open(gateway);
		const send = (n: number, sessionId = "A") =>
			gateway.send({ eventName: NEWS, sessionId, payload: n });
		for (const n of [1, 2, 3]) await send(n);
		const { id } = await first.next(NEWS, 3);
		first.close();
		for (const n of [4, 5]) await send(n);
		await send(0, "B");
		await send(6, "*");

		const second = await open(gateway, id);
		expect(opened(second)).toMatchObject({ eventNames: [NEWS], resumed: true });
		await send(7);
		await second.next(NEWS, 4);
		expect(second.received(NEWS)).toEqual([4, 5, 6, 7]);
		expect(names(second)).not.toContain("sse.reset");
	});

	it("gets it even if no event had arrived before it left", async () => {
		const gateway = await startGateway();
		const first = await open(gateway);
		first.close();
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: 1 });
		const second = await open(gateway, place(first));
		expect(opened(second)).toMatchObject({ resumed: true });
		await second.next(NEWS);
		expect(second.received(NEWS)).toEqual([1]);
	});

	it("is not taken back behind a heartbeat, which moves the place of a silent stream", async () => {
		const gateway = await startGateway({ sse: { heartbeat: 50 } });
		const first = await open(gateway);
		const began = place(first);
		await gateway.send({ eventName: NEWS, sessionId: "B", payload: "not for A" });
		await first.until(() => place(first) !== began, "a heartbeat with another id");
		expect(first.events.at(-1)?.event).toBe("sse.heartbeat");
		first.close();
		const second = await open(gateway, place(first));
		expect(opened(second)).toMatchObject({ resumed: true });
		expect(await settle(gateway, second)).toEqual([]);
	});

	it("may say by `lastEventId` in the URL where it was; the header is newer", async () => {
		const gateway = await startBare();
		for (const seq of [1, 2, 3]) give(gateway, `n.e.${seq}`);
		const url = `${gateway.url(NEWS)}&lastEventId=n.e.1`;
		const byUrl = await openStream(url, { session: "A" });
		await byUrl.next(NEWS, 2);
		expect(byUrl.received(NEWS)).toEqual(["n.e.2", "n.e.3"]);
		const headers = { "Last-Event-ID": "n.e.2" };
		const byHeader = await openStream(url, { session: "A", headers });
		await byHeader.next(NEWS);
		expect(byHeader.received(NEWS)).toEqual(["n.e.3"]);
	});

	it("gets nothing of another session, whatever id it names", async () => {
		const gateway = await startGateway();
		const theirs = await open(gateway, undefined, "B");
		const start = place(theirs);
		for (const n of [1, 2]) await gateway.send({ eventName: NEWS, sessionId: "B", payload: n });
		await gateway.send({ eventName: "other", sessionId: "A", payload: "another name" });
		const mine = await open(gateway, start);
		expect(opened(mine)).toMatchObject({ resumed: true });
		expect(await settle(gateway, mine)).toEqual([]);
	});
});

describe("a client that comes back again and again to one gateway", () => {
	it("gets no duplicates, and nothing from before it first came", async () => {
		const gateway = await startGateway({ sse: { heartbeat: 30 } });
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: "before it came" });
		const received: unknown[] = [];
		let lastEventId: string | undefined;
		for (let round = 0; round < 5; round++) {
			const stream = await open(gateway, lastEventId);
			await gateway.send({ eventName: NEWS, sessionId: "A", payload: round });
			await stream.next(NEWS);
			// Another sender's event, whose id the next heartbeat brings.
			give(gateway, `other.e.${round + 1}`, 0, "B");
			const seen = stream.events.length;
			await stream.until(() => stream.events.length > seen + 1, "two heartbeats");
			lastEventId = place(stream);
			stream.close();
			received.push(...stream.received(NEWS));
			expect(names(stream)).not.toContain("sse.reset");
		}
		expect(received).toEqual([0, 1, 2, 3, 4]);
	});
});

describe("a client that comes for the first time", () => {
	it("gets neither a replay nor a reset", async () => {
		const gateway = await startGateway();
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: "before" });
		const stream = await open(gateway);
		expect(opened(stream)).toMatchObject({ resumed: false });
		expect(await settle(gateway, stream)).toEqual([]);
		expect(names(stream)).not.toContain("sse.reset");
	});
});

describe("a client that may have missed something is reset, and continues from there", () => {
	const told = async (gateway: TestGateway, lastEventId: string) => {
		const stream = await open(gateway, lastEventId);
		await stream.next("sse.reset");
		expect(names(stream).slice(0, 2)).toEqual(["sse.open", "sse.reset"]);
		expect(opened(stream)).toMatchObject({ resumed: false });
		return stream.received("sse.reset")[0];
	};

	it("`unknown`: an invalid id, or of an event that never came here", async () => {
		const gateway = await startBare();
		give(gateway, "n.e.1");
		expect(await told(gateway, "forged")).toEqual({ reason: "unknown" });
		expect(await told(gateway, "m.e.7")).toEqual({ reason: "unknown" });
	});

	it("`expired`: an event that is no longer kept", async () => {
		const gateway = await startBare({ history: { maxBytes: 65_536 } });
		for (let seq = 1; seq <= 10; seq++) give(gateway, `n.e.${seq}`, "x".repeat(10_000));
		expect(await told(gateway, "n.e.1")).toEqual({ reason: "expired" });
	});

	it("`epoch`: an event of an earlier life of its sender", async () => {
		const gateway = await startBare({ history: { maxBytes: 65_536 } });
		give(gateway, "n.old.1");
		for (let seq = 1; seq <= 10; seq++) give(gateway, `n.new.${seq}`, "x".repeat(10_000));
		expect(await told(gateway, "n.old.1")).toEqual({ reason: "epoch" });
	});

	it("`gap`: the bus has lost events meanwhile", async () => {
		const gateway = await startBare();
		const first = await open(gateway);
		first.close();
		give(gateway, "n.e.1");
		give(gateway, "n.e.3");
		await eventually(() => expect(gateway.log.at("warn")).toHaveLength(1));
		const second = await open(gateway, place(first));
		expect(second.received("sse.reset")).toEqual([{ reason: "gap" }]);

		// It has been told about everything up to here, and continues from here.
		const { id } = second.events.find(e => e.event === "sse.reset") as ReceivedEvent;
		second.close();
		give(gateway, "n.e.4");
		const third = await open(gateway, id);
		expect(opened(third)).toMatchObject({ resumed: true });
		expect(await settle(gateway, third, "n.e.5")).toEqual(["n.e.4"]);
	});

	it("and one that was reset while it was open is not reset again when it comes back", async () => {
		const gateway = await startBare();
		const first = await open(gateway);
		give(gateway, "n.e.1");
		give(gateway, "n.e.3", "other's", "B");
		await first.next("sse.reset");
		first.close();
		const second = await open(gateway, place(first));
		expect(opened(second)).toMatchObject({ resumed: true });
	});
});

describe("a stream that is open while the bus loses events", () => {
	it("is reset once, before the event that shows it, and a duplicate is dropped", async () => {
		const gateway = await startBare();
		const streams = [await open(gateway), await open(gateway, undefined, "B")];
		for (const seq of [1, 2, 5, 5, 2, 6]) give(gateway, `n.e.${seq}`);
		const [mine, other] = streams as [StreamClient, StreamClient];
		expect(await settle(gateway, mine, "n.e.7")).toEqual(["n.e.1", "n.e.2", "n.e.5", "n.e.6"]);
		expect(names(mine)).toEqual(["sse.open", NEWS, NEWS, "sse.reset", NEWS, NEWS, NEWS]);
		expect(mine.received("sse.reset")).toEqual([{ reason: "gap" }]);
		await other.next("sse.reset");
		expect(names(other)).toEqual(["sse.open", "sse.reset"]);
		expect(gateway.log.at("warn")).toHaveLength(1);
	});

	it("is reset if the first event of a sender shows that it has sent before", async () => {
		const gateway = await startBare();
		const stream = await open(gateway);
		give(gateway, "n.e.57");
		expect(await settle(gateway, stream, "n.e.58")).toEqual(["n.e.57"]);
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
	});

	it("is reset even if nothing follows, if the sender reports that it has sent more", async () => {
		const gateway = await startBare();
		const stream = await open(gateway);
		give(gateway, "node-1.e.1");
		await stream.next(NEWS);
		const tell = (seq: number) => gateway.broker.broadcast("sse.position", { epoch: "e", seq });
		await tell(1);
		await tell(2);
		// that was on its way, and what is reported twice is lost once
		give(gateway, "node-1.e.2");
		await tell(4);
		await tell(4);

		await stream.next("sse.reset");
		expect(stream.received("sse.reset")).toEqual([{ reason: "gap" }]);
		expect(await settle(gateway, stream, "node-1.e.5")).toEqual(["node-1.e.1", "node-1.e.2"]);
		expect(stream.received("sse.reset")).toHaveLength(1);
		expect(gateway.log.at("warn")).toHaveLength(1);
	});

	it("silently gets events in order that were overtaken on their way", async () => {
		const gateway = await startBare();
		const stream = await open(gateway);
		for (const seq of [1, 4, 3, 2]) give(gateway, `n.e.${seq}`);
		expect(await settle(gateway, stream, "n.e.5")).toEqual(["n.e.1", "n.e.2", "n.e.3", "n.e.4"]);
		expect(names(stream)).not.toContain("sse.reset");
	});

	// The client of a gateway that was cut off took another sender's event, moved with its id to a gateway that had everything,
	// and was not told.
	it("gets no id after an event that is suspected to be missing", async () => {
		const gateway = await startBare();
		const stream = await open(gateway);
		give(gateway, "n.e.1");
		await stream.next(NEWS);
		give(gateway, "n.e.3");
		give(gateway, "m.e.1");
		await stream.next(NEWS, 2);
		expect(stream.events.at(-1)).toMatchObject({ data: '"m.e.1"', id: undefined });
		const second = await open(gateway, undefined, "B");
		expect(place(second)).toMatch(/^n\.e\.1~/);
		give(gateway, "n.e.2");
		await stream.next(NEWS, 4);
		give(gateway, "m.e.2");
		await stream.next(NEWS, 5);
		expect(place(stream)).toBe("m.e.2");
		expect(names(stream)).not.toContain("sse.reset");
	});

	it("is not told of what was sent before it came, and gets a place that is after that", async () => {
		const gateway = await startBare({ heartbeat: 0 });
		const early = await open(gateway);
		give(gateway, "node-1.e.1");
		await early.next(NEWS);
		const sentAt = performance.now();
		const late = await open(gateway);
		await gateway.broker.broadcast("sse.position", {
			epoch: "e",
			seq: 2,
			age: performance.now() - sentAt
		});
		await late.next("sse.heartbeat");
		expect(names(late)).toEqual(["sse.open", "sse.heartbeat"]);
		expect(names(early)).toContain("sse.reset");
		const again = await open(gateway, place(late));
		expect(opened(again)).toMatchObject({ resumed: true });
	});
});

describe("a client that is ahead of this gateway", () => {
	it("waits for the event that it has got elsewhere, and continues after it", async () => {
		const gateway = await startBare();
		const first = await open(gateway);
		for (const seq of [1, 2]) give(gateway, `n.e.${seq}`);
		await first.next(NEWS, 2);

		const pending = open(gateway, "n.e.3");
		await eventually(() => expect(gateway.held.streams).toBe(2));
		give(gateway, "n.e.3");
		give(gateway, "n.e.4");
		const ahead = await pending;
		expect(opened(ahead)).toMatchObject({ resumed: true });
		expect(await settle(gateway, ahead, "n.e.5")).toEqual(["n.e.4"]);
	});

	it("misses no event without an id that arrives while it waits", async () => {
		const gateway = await startBare();
		give(gateway, "n.e.1");
		const pending = open(gateway, "n.e.2");
		await eventually(() => expect(gateway.held.streams).toBe(1));
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: "plain" });
		give(gateway, "n.e.2");
		expect(await settle(gateway, await pending, "n.e.3")).toEqual(["plain"]);
	});

	// The check ran in a timer: its error ended the process.
	it("is broken off, and nobody else, if the check whether it has arrived fails", async () => {
		const gateway = await startBare();
		give(gateway, "n.e.1");
		const other = await open(gateway);
		const since = jest.spyOn(History.prototype, "since");
		onTestFinished(() => since.mockRestore());
		since.mockImplementation(() => {
			if (since.mock.calls.length > 1) throw new Error("no history");
			return "unknown";
		});
		const headers = { "Last-Event-ID": "n.e.2" };
		const stream = await requestStream(gateway.url(NEWS), { session: "A", headers });
		expect(await stream.end).toBe("broken");
		expect(gateway.log.at("error").join()).toContain("no history");
		expect(await settle(gateway, other, "n.e.3")).toEqual([]);
	});

	// They skipped the stream, which was held, and were in the history all the same: the client learned of them only by the
	// reset.
	it("does not wait for ever, and gets what was sent while it waited after the reset", async () => {
		const gateway = await startBare();
		give(gateway, "n.e.1");
		const pending = open(gateway, "n.e.9");
		await eventually(() => expect(gateway.held.streams).toBe(1));
		give(gateway, "n.e.2");
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: "plain" });
		give(gateway, "n.e.3", "other's", "B");
		const stream = await pending;
		expect(await settle(gateway, stream, "n.e.4")).toEqual(["n.e.2", "plain"]);
		expect(names(stream)).toEqual(["sse.open", "sse.reset", NEWS, NEWS, NEWS]);
		expect(stream.received("sse.reset")).toEqual([{ reason: "unknown" }]);
	});

	// The place was after what the stream still had to get: a client that left in between missed that.
	it("is given a place from which it gets that again, if it leaves between the two", async () => {
		const gateway = await startBare();
		give(gateway, "n.e.1");
		const pending = open(gateway, "n.e.9");
		await eventually(() => expect(gateway.held.streams).toBe(1));
		give(gateway, "n.e.2");
		const stream = await pending;
		const { id } = await stream.next("sse.reset");
		const again = await open(gateway, id);
		expect(opened(again)).toMatchObject({ resumed: true });
		expect(await settle(gateway, again, "n.e.3")).toEqual(["n.e.2"]);
	});

	it("gets no replay from before a revocation that arrived while it waited", async () => {
		const gateway = await startBare();
		give(gateway, "n.e.1");
		const { fanOut } = Reflect.get(gateway.service, Symbol.for("moleculer-sse.gateway"));
		const pending = open(gateway, "n.e.9");
		await eventually(() => expect(gateway.held.streams).toBe(1));
		give(gateway, "n.e.2");
		// a late one, which closes nothing
		fanOut.history.revoke({ sessionId: "A", reason: "revoked" }, performance.now());
		give(gateway, "n.e.3");
		const stream = await pending;
		expect(stream.received("sse.reset")).toEqual([{ reason: "revoked" }]);
		expect(await settle(gateway, stream, "n.e.4")).toEqual([]);
	});
});

// It waited two seconds for an event that could not arrive, and got no events meanwhile.
describe("a client whose event cannot arrive any more is told at once:", () => {
	/** How often it was checked whether it has arrived. */
	async function looks(gateway: TestGateway, lastEventId: string): Promise<number> {
		const since = jest.spyOn(History.prototype, "since").mockClear();
		onTestFinished(() => since.mockRestore());
		const stream = await open(gateway, lastEventId);
		await stream.next("sse.reset");
		return since.mock.calls.length;
	}
	const transporter = () => memberOf(crypto.randomUUID(), "node-1");

	it("there is no other node", async () => {
		const gateway = await startGateway();
		expect(await looks(gateway, "other.0a1b2c3d.7")).toBe(1);
	});

	it("this node has sent it, before it was restarted", async () => {
		const gateway = await startGateway({ broker: transporter() });
		await meet(gateway.broker);
		expect(await looks(gateway, "node-1.0a1b2c3d.7")).toBe(1);
		expect(await looks(gateway, "node-1.0a1b2c3d.7~node-1.0a1b2c3d~9")).toBe(1);
	});

	it("this gateway was never there", async () => {
		const gateway = await startGateway({ broker: transporter() });
		await meet(gateway.broker);
		const first = await open(gateway);
		expect(await looks(gateway, place(first).replace(/~\d+(~s)?$/, "~999"))).toBe(1);
	});

	it("and not if another node may have sent it", async () => {
		const gateway = await startGateway({ broker: transporter() });
		await meet(gateway.broker);
		expect(await looks(gateway, "other.0a1b2c3d.7")).toBeGreaterThan(1);
	});
});

describe("a long replay", () => {
	it("goes at the client's pace, and live events wait until it is written", async () => {
		const gateway = await startGateway({ sse: { buffer: { maxBytes: 700_000 } } });
		const first = await open(gateway);
		const start = place(first);
		first.close();
		const pad = "x".repeat(1000);
		const send = (n: number) =>
			gateway.send({ eventName: NEWS, sessionId: "A", payload: { n, pad } });
		// Three times what a stream may have unsent.
		for (let n = 0; n < 2000; n++) await send(n);
		const stream = await open(gateway, start);
		for (let n = 2000; n < 2500; n++) await send(n);
		await stream.next(NEWS, 2500);
		const received = stream.received(NEWS) as { n: number }[];
		expect(received.map(({ n }) => n)).toEqual(Array.from({ length: 2500 }, (_, n) => n));
		expect(names(stream)).not.toContain("sse.reset");
	});

	it("that a client does not read holds up nobody, and takes a bounded amount", async () => {
		const gateway = await startGateway({ sse: { buffer: { maxBytes: 200_000 } } });
		const start = place(await open(gateway));
		const payload = "x".repeat(10_000);
		for (let n = 0; n < 2000; n++) await gateway.send({ eventName: NEWS, sessionId: "A", payload });
		const stalled = await open(gateway, start);
		stalled.stall();
		const live = await open(gateway);
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: 1 });
		await live.next(NEWS);
		stalled.close();
		await eventually(() => expect(gateway.held.streams).toBe(2));
	});
});

describe("without a history", () => {
	it("events have no ids, so that no browser asks for what it cannot get", async () => {
		const gateway = await startGateway({ sse: { history: null, heartbeat: 50 } });
		const stream = await open(gateway);
		await gateway.send({ eventName: NEWS, sessionId: "A", payload: 1 });
		await stream.next("sse.heartbeat");
		expect(stream.received(NEWS)).toEqual([1]);
		expect(stream.text).not.toMatch(/^id:/m);
	});

	it("a client that names an id all the same is reset", async () => {
		const gateway = await startGateway({ sse: { history: null } });
		const stream = await open(gateway, "n.e.1");
		await stream.next("sse.reset");
		expect(stream.received("sse.reset")).toEqual([{ reason: "unknown" }]);
	});
});
