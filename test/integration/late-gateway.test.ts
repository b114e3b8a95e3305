import { describe, expect, it } from "@jest/globals";
import { onTestFinished } from "../support/on-test-finished.ts";
import { VirtualCluster } from "../support/virtual/cluster.ts";
import type { VirtualNode } from "../support/virtual/node.ts";

/** A page at a gateway, and two senders, one of which may be busy. */
async function startCluster() {
	const cluster = new VirtualCluster(1);
	onTestFinished(() => cluster.end());
	const [busy, other] = [cluster.start("busy"), cluster.start("other")];
	const gateway = cluster.start("gateway", true);
	await cluster.pass(20_000);
	const page = cluster.open(gateway);
	await cluster.pass(1000);
	/** For so long, the busy sender does nothing, and nothing leaves its process. @param first What it does just before. */
	const keepBusy = <T>(duration: number, first: () => T): T => {
		cluster.network.rule = ({ from }) => (from === "busy#1" ? duration + 20 : undefined);
		const done = first();
		cluster.time.suspend(busy.process);
		const goOn = (): void => {
			cluster.network.rule = () => undefined;
			cluster.time.resume(busy.process);
			cluster.network.read("busy");
		};
		cluster.time.as(undefined, () => void cluster.time.after(duration, goOn));
		return done;
	};
	/** A gateway starts, and a page comes to it with the id of an event that both gateways have got. */
	const moveToLateGateway = async (stays = 60_000): Promise<VirtualNode> => {
		const late = cluster.start("late", true);
		await cluster.until(() => gateway.gateway?.fanOut.isWhole === true, 3000);
		await cluster.pass(2500);
		const { n } = cluster.send(other);
		await cluster.pass(500);
		expect(page.got.at(-1)).toMatchObject({ payload: n, id: expect.any(String) });
		page.open(late);
		await cluster.pass(stays);
		expect(page.at).toBe(late);
		return late;
	};
	return { cluster, busy, other, page, keepBusy, moveToLateGateway };
}

describe("a page that moves to a gateway which did not know a sender yet", () => {
	// The gateway took what was sent before it began for something that concerned none of its pages.
	it("is told of what had not left that sender yet, and was sent before the gateway began", async () => {
		const { cluster, busy, page, keepBusy, moveToLateGateway } = await startCluster();
		const { n, at } = keepBusy(4500, () => cluster.send(busy));
		await cluster.pass(50);
		await moveToLateGateway();
		expect(page.got.map(({ payload }) => payload)).not.toContain(n);
		expect(page.isToldSince(at)).toBe(true);
	});

	// With an id of the gateway itself, it was taken to have been there all the time.
	it("is told if it has come back meanwhile", async () => {
		const { cluster, busy, page, keepBusy, moveToLateGateway } = await startCluster();
		const { at } = keepBusy(25_000, () => cluster.send(busy));
		await cluster.pass(50);
		const late = await moveToLateGateway(500);
		const before = page.lastId;
		// a heartbeat brings it
		await cluster.until(() => page.lastId !== before, 16_000);
		expect(page.lastId).toContain("~late.");
		page.leave(100, late);
		await cluster.pass(60_000);
		expect(page.at).toBe(late);
		expect(page.isToldSince(at)).toBe(true);
	});

	// Its place was from before the news, which left no gap behind it.
	it.each([
		["while the sender is met, with an id of the gateway's own", 8000, 17_000],
		["long before, with the id of an event that the gateway has given it", 100, 14_000]
	])("is told if it is away %s", async (_when, pause, after) => {
		const { cluster, busy, other, page, keepBusy, moveToLateGateway } = await startCluster();
		const { n, at } = keepBusy(25_000, () => cluster.send(busy));
		await cluster.pass(50);
		const late = await moveToLateGateway(after);
		const { n: live } = cluster.send(other);
		await cluster.pass(500);
		expect(page.got.at(-1)).toMatchObject({ payload: live });
		page.leave(pause, late);
		await cluster.pass(60_000);
		expect(page.got.map(({ payload }) => payload)).not.toContain(n);
		expect(page.isToldSince(at)).toBe(true);
	});

	// The place that it got with the news counted as one from before.
	it("is told once, though it is away for a moment afterwards", async () => {
		const { cluster, busy, page, keepBusy, moveToLateGateway } = await startCluster();
		keepBusy(4500, () => cluster.send(busy));
		await cluster.pass(50);
		const late = await moveToLateGateway();
		expect(page.told).toHaveLength(1);
		page.leave(100, late);
		await cluster.pass(30_000);
		expect(page.told).toHaveLength(1);
	});

	it("and a page that comes there first are not told after a moment away", async () => {
		const { cluster, busy, keepBusy } = await startCluster();
		keepBusy(4500, () => cluster.send(busy));
		await cluster.pass(50);
		const late = cluster.start("late", true);
		await cluster.pass(2000);
		const first = cluster.open(late);
		await cluster.pass(30_000);
		first.leave(100, late);
		await cluster.pass(30_000);
		expect(first.streams).toBe(2);
		expect(first.told).toEqual([]);
	});

	it("is not told of what it had got long before it moved", async () => {
		const { cluster, busy, page, keepBusy, moveToLateGateway } = await startCluster();
		const { n } = cluster.send(busy);
		await cluster.pass(20_000);
		keepBusy(4500, () => {});
		await moveToLateGateway();
		expect(page.got.map(({ payload }) => payload)).toContain(n);
		expect(page.told).toEqual([]);
	});
});
