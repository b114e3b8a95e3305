import { describe, expect, it } from "@jest/globals";
import { onTestFinished } from "../support/on-test-finished.ts";
import { type Sent, VirtualCluster } from "../support/virtual/cluster.ts";
import type { Packet } from "../support/virtual/network.ts";
import { NEWS } from "../support/virtual/node.ts";
import type { Page } from "../support/virtual/page.ts";

/** Milliseconds after which everything that can be noticed was noticed, and reported. */
const LONG = 180_000;

/** A gateway with a page, a sender, and a node that can tell the gateway what happened in its absence. */
async function startCluster() {
	const cluster = new VirtualCluster(1);
	onTestFinished(() => cluster.end());
	const sender = cluster.start("sender");
	const witness = cluster.start("witness");
	const gateway = cluster.start("gateway", true);
	await cluster.pass(5000);
	const page = cluster.open(gateway);
	await cluster.pass(1000);
	const isWhole = (): boolean => gateway.gateway?.fanOut.isWhole === true;
	/** The gateway's connection is lost, and restored at once. */
	const reconnect = async (): Promise<void> => {
		cluster.network.cutOff("gateway", { isNoticed: true, isKept: false });
		cluster.network.restore("gateway");
		await cluster.pass(2000);
	};
	expect(isWhole()).toBe(true);
	return { cluster, network: cluster.network, sender, witness, gateway, page, isWhole, reconnect };
}

/** Events of a node do not reach the gateway, though everything else does. */
const withoutEventsOf =
	(name: string) =>
	({ from, to, type }: Packet) =>
		from === name && to === "gateway" && type === "EVENT" ? "lost" : undefined;

describe("a node that was asked for its position, and has no services before it ends,", () => {
	// It could no longer be asked, which counted as if it had answered: as far as was known, it had sent nothing.
	it("may have sent something, if it was asked because it was silent", async () => {
		const { cluster, network, sender, page, isWhole } = await startCluster();
		network.rule = withoutEventsOf("sender#1");
		const { at } = cluster.send(sender);
		await cluster.pass(80_000);
		expect(isWhole()).toBe(false);
		sender.linger = 7000;
		void sender.stop();
		await cluster.pass(LONG);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});

	it.each([
		["", false],
		[", and the gateway is connected anew meanwhile", true]
	])("may have sent something, if it was asked when it was met%s", async (_when, isAnew) => {
		const { cluster, network, page, isWhole, reconnect } = await startCluster();
		network.rule = withoutEventsOf("job#1");
		const job = cluster.start("job");
		await cluster.pass(2000);
		const { at } = cluster.send(job);
		job.linger = 8000;
		void job.stop();
		await cluster.pass(2000);
		if (isAnew) await reconnect();
		await cluster.pass(LONG);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});
});

describe("a process that another node lists as present, and that does not appear,", () => {
	// The end of its earlier process was taken for its own: nothing was missing of the node any more.
	it("is not known to be over by the late end of a former one", async () => {
		const { cluster, network, sender, page, isWhole, reconnect } = await startCluster();
		cluster.send(sender);
		await cluster.pass(1000);
		network.rule = ({ from, to, payload: { data } }) =>
			from === "sender#1" && to === "gateway" && data?.end === true ? 20_000 : undefined;
		void sender.stop();
		await cluster.pass(2000);
		network.part("sender", "gateway");
		const next = cluster.start("sender");
		await cluster.pass(5000);
		const { at } = cluster.send(next);
		await reconnect();
		await cluster.pass(60_000);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});
});

describe("a script that sends something, and ends at once,", () => {
	const FIRST = 5;
	const SECOND = 200;
	const LAST = 400;

	// What arrived last counted: pages got no ids for half a minute, and were told that they might have missed something.
	it.each([
		["the event, its end, the news that it is gone", { event: FIRST, end: SECOND, gone: LAST }],
		["the event, the news that it is gone, its end", { event: FIRST, end: LAST, gone: SECOND }],
		["the news that it is gone, the event, its end", { event: SECOND, end: LAST, gone: FIRST }],
		["the news that it is gone, its end, the event", { event: LAST, end: SECOND, gone: FIRST }],
		["its end, the news that it is gone, the event", { event: LAST, end: FIRST, gone: SECOND }],
		["its end, the event, the news that it is gone", { event: SECOND, end: FIRST, gone: LAST }]
	])(
		"has everything that it sent written, and nobody reset: first comes %s",
		async (_order, delays) => {
			const { cluster, network, page, isWhole } = await startCluster();
			network.rule = ({ from, to, type, payload: { event, data } }) => {
				if (from !== "job#1" || to !== "gateway") return undefined;
				if (type === "DISCONNECT") return delays.gone;
				if (event === "sse.send") return delays.event;
				return data?.end === true ? delays.end : undefined;
			};
			const job = cluster.start("job");
			await cluster.pass(2000);
			void job.stop();
			await cluster.pass(99);
			const sent = [cluster.send(job), cluster.send(job, ["api"])];
			await cluster.pass(2000);
			expect(isWhole()).toBe(true);
			await cluster.pass(60_000);
			expect(page.got.map(({ payload }) => payload)).toEqual(sent.map(({ n }) => n));
			expect(page.told).toEqual([]);
			expect(isWhole()).toBe(true);
		}
	);
});

describe("a sender that is cut off from one gateway alone, and was reported there as ended,", () => {
	/** It lives on, and sends something. */
	async function partAndSend() {
		const all = await startCluster();
		const { cluster, network, sender, page } = all;
		cluster.send(sender);
		await cluster.pass(1000);
		network.part("sender", "gateway");
		const { at: before } = cluster.send(sender);
		await cluster.until(() => page.isToldSince(before), 120_000);
		await cluster.pass(40_000);
		const { at } = cluster.send(sender);
		await cluster.pass(1000);
		expect(page.isToldSince(at)).toBe(false);
		return { ...all, at };
	}

	// Nobody was told of what it had sent since, because its life had been reported.
	it("is reported again when another process has replaced it", async () => {
		const { cluster, network, sender, page, isWhole, at } = await partAndSend();
		cluster.kill(sender);
		network.unite("sender", "gateway");
		cluster.start("sender");
		await cluster.pass(5000);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});

	it("is reported again when another node reports that it has now left", async () => {
		const { cluster, sender, page, isWhole, at } = await partAndSend();
		cluster.kill(sender);
		await cluster.pass(LONG);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});

	it("is reported again when the gateway was away, and another node lists it as present", async () => {
		const { cluster, page, isWhole, at, reconnect } = await partAndSend();
		await reconnect();
		await cluster.pass(60_000);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});

	it("is reported again when it is heard again, by its own report", async () => {
		const { cluster, network, page, isWhole, at } = await partAndSend();
		network.unite("sender", "gateway");
		await cluster.pass(60_000);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});
});

describe("a process that has replaced another one, unnoticed by Moleculer,", () => {
	// Moleculer sends once who a process is, and heartbeats do not say it: its answers were taken for those of another process,
	// and the gateway gave no ids for as long as it lived.
	it("is looked up when it reports something, and gateways give ids again", async () => {
		const { cluster, network, sender, page, isWhole } = await startCluster();
		network.cutOff("gateway", { isNoticed: false, isKept: false });
		cluster.kill(sender);
		const next = cluster.start("sender");
		await cluster.pass(10_000);
		network.restore("gateway");
		await cluster.pass(120_000);
		expect(isWhole()).toBe(true);
		const { n } = cluster.send(next);
		await cluster.pass(1000);
		expect(page.got.at(-1)).toMatchObject({ payload: n, id: expect.stringMatching(/^sender\./) });
	});

	// Everything that it sent was taken for a former process's, and silently dropped, for as long as it lived.
	it("is looked up when it reports something, even if the last news of the former one came later", async () => {
		const { cluster, network, sender, page, isWhole } = await startCluster();
		cluster.send(sender);
		await cluster.pass(1000);
		// Packets wait on a stalled connection.
		network.rule = ({ from, to, type }) =>
			from === "sender#1" && to === "gateway" && type !== "HEARTBEAT" ? 8000 : undefined;
		sender.linger = 3000;
		void sender.stop();
		cluster.send(sender);
		await cluster.pass(1000);
		cluster.kill(sender);
		const next = cluster.start("sender");
		await cluster.pass(3000);
		cluster.send(next);
		await cluster.pass(60_000);
		const sent = cluster.send(next);
		await cluster.pass(1000);
		expect(page.got.at(-1)?.payload).toBe(sent.n);
		expect(isWhole()).toBe(true);
	});
});

describe("a gateway that has replaced another one, unnoticed by a sender's Moleculer,", () => {
	// To the sender, the gateway had no services: it sent nothing there, and answered nothing. Pages got none of its events for
	// as long as both lived, and were not told.
	it("is looked up when it asks, and gets what is sent again", async () => {
		const { cluster, network, sender, gateway } = await startCluster();
		gateway.linger = 3000;
		void gateway.stop();
		await cluster.pass(1000);
		cluster.kill(gateway);
		network.cutOff("sender", { isNoticed: false, isKept: false });
		const next = cluster.start("gateway", true);
		await cluster.pass(10_000);
		network.restore("sender");
		await cluster.pass(60_000);
		const page = cluster.open(next);
		await cluster.pass(1000);
		const { n } = cluster.send(sender);
		await cluster.pass(1000);
		expect(page.got.at(-1)).toMatchObject({ payload: n, id: expect.stringMatching(/^sender\./) });
	});
});

describe("a sender that a gateway has not heard", () => {
	// It was silent as far as the gateway knew, which took it to have died without having sent anything.
	it("is reported by another gateway, which has heard it end, and that it had sent something", async () => {
		const { cluster, network, sender, page, isWhole } = await startCluster();
		const other = cluster.start("other", true);
		await cluster.pass(5000);
		network.part("sender", "gateway");
		const { at } = cluster.send(sender);
		await cluster.pass(1000);
		void sender.stop();
		await cluster.pass(1000);
		cluster.send(other);
		await cluster.pass(LONG);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});

	// In a cluster whose nodes are restarted one by one, each report of each node named all of them for three minutes.
	it("is named in each report for ten seconds, and after that once a minute for three", async () => {
		const { cluster, network, witness } = await startCluster();
		cluster.send(witness);
		await cluster.pass(60_000);
		const job = cluster.start("job");
		await cluster.pass(3000);
		const namedAt: number[] = [];
		let began = Number.POSITIVE_INFINITY;
		network.rule = ({ from, to, payload: { event, data } }) => {
			const gone = data?.gone as string[][] | undefined;
			if (from === "witness#1" && to === "gateway" && event === "sse.position" && gone) {
				began = Math.min(began, cluster.time.now);
				namedAt.push(cluster.time.now - began);
			}
			return undefined;
		};
		void job.stop();
		await cluster.pass(240_000);
		const early = namedAt.filter(at => at < 12_000);
		expect(early.length).toBeGreaterThanOrEqual(2);
		expect(namedAt.slice(early.length)).toHaveLength(3);
	});

	it("and that another has missed before it sent its last event is reported up to its end", async () => {
		const { cluster, network, sender, witness, page, isWhole } = await startCluster();
		network.part("job", "gateway");
		const job = cluster.start("job");
		await cluster.pass(3000);
		network.part("job", "witness");
		await cluster.pass(60_000);
		cluster.send(witness);
		await cluster.pass(3000);
		const { at } = cluster.send(job);
		await cluster.pass(1000);
		cluster.kill(job);
		await cluster.pass(60_000);
		cluster.send(sender);
		await cluster.pass(3000);
		expect(page.isToldSince(at)).toBe(true);
		expect(isWhole()).toBe(true);
	});
});

describe("a gateway that a sender's reports do not reach", () => {
	/** What a page at the gateway got as the id of an event, or undefined. */
	const idOf = (page: Page, { n }: Sent): string | undefined =>
		page.got.find(({ payload }) => payload === n)?.id;

	/** Senders that have sent something, after which they say when they report again. */
	async function startSender() {
		const all = await startCluster();
		for (const by of [all.sender, all.witness]) all.cluster.send(by);
		await all.cluster.pass(5000);
		return all;
	}

	it("gives ids for seven seconds, and then none until it hears it", async () => {
		const { cluster, network, sender, witness, page, isWhole } = await startSender();
		network.mute("sender", "gateway");
		cluster.send(sender);
		await cluster.pass(2500);
		const early = cluster.send(witness);
		await cluster.pass(5000);
		const late = cluster.send(witness);
		await cluster.pass(500);
		expect(idOf(page, early)).toEqual(expect.any(String));
		expect(idOf(page, late)).toBeUndefined();
		network.unmute("sender", "gateway");
		await cluster.until(isWhole, 6000);
		expect(page.told).toHaveLength(1);
	});

	// The place was as old as the suspicion: after five minutes the history did not reach back to it, and a moment without network
	// reset everybody.
	it("lets pages come back to it meanwhile, who are told neither too much nor too little", async () => {
		const { cluster, network, sender, witness, gateway, page, isWhole } = await startSender();
		network.mute("sender", "gateway");
		await cluster.until(() => !isWhole(), 8000);
		for (let minute = 0; minute < 7; minute++) {
			cluster.send(witness);
			await cluster.pass(55_000);
			page.leave(100, gateway);
			cluster.send(witness);
			await cluster.pass(5000);
		}
		expect(isWhole()).toBe(false);
		expect(page.told).toEqual([]);
		const bySender = cluster.sent.filter(
			({ by, at }) => by === witness && at > (page.openedAt ?? 0)
		);
		expect(page.got.map(({ payload }) => payload).slice(-bySender.length + 1)).toEqual(
			bySender.slice(1).map(({ n }) => n)
		);
		const { at } = cluster.send(sender);
		page.leave(100, gateway);
		await cluster.pass(500);
		network.unmute("sender", "gateway");
		await cluster.pass(20_000);
		expect(page.isToldSince(at)).toBe(true);
	});

	// Nobody withholds ids because of a sender that has not sent anything: when its first event was lost says nothing of the ids
	// that came after it.
	it.each([13_000, 40_000])(
		"tells a page that comes back of a first event that was lost %d ms before",
		async age => {
			const { cluster, network, sender, witness, gateway, page, isWhole } = await startCluster();
			network.mute("sender", "gateway");
			const { at } = cluster.send(sender);
			await cluster.pass(age);
			const { n } = cluster.send(witness);
			await cluster.pass(500);
			expect(page.got.at(-1)).toMatchObject({ payload: n, id: expect.any(String) });
			page.leave(8000, gateway);
			network.unmute("sender", "gateway");
			await cluster.pass(20_000);
			expect(isWhole()).toBe(true);
			expect(page.isToldSince(at)).toBe(true);
		}
	);

	it("gives ids again if nothing was sent meanwhile, and resets nobody", async () => {
		const { cluster, network, witness, page, isWhole } = await startSender();
		network.mute("sender", "gateway");
		await cluster.until(() => !isWhole(), 8000);
		await cluster.pass(20_000);
		network.unmute("sender", "gateway");
		await cluster.until(isWhole, 5000);
		const after = cluster.send(witness);
		await cluster.pass(500);
		expect(idOf(page, after)).toEqual(expect.any(String));
		expect(page.told).toEqual([]);
	});

	// A report of what goes to all said nothing of what had gone to some groups: ids were given again half a minute before the
	// report on that.
	it("learns from the first report what was sent to its group alone", async () => {
		const { cluster, network, sender, page } = await startSender();
		network.mute("sender", "gateway");
		cluster.send(sender, ["api"]);
		await cluster.pass(18_000);
		network.unmute("sender", "gateway");
		await cluster.pass(6000);
		expect(page.told).toHaveLength(1);
	});

	// A process may read its sockets before its timers tell it that it has not run. The clock of a machine that is suspended stands
	// still.
	it.each([
		["it was stopped", 0],
		["its machine was suspended", 21_000]
	])("gives none to what it reads first after %s", async (_what, stoodStill) => {
		const { cluster, network, sender, witness, gateway, page } = await startSender();
		cluster.time.suspend(gateway.process);
		network.mute("sender", "gateway");
		cluster.send(sender);
		await cluster.pass(20_000);
		const read = cluster.send(witness);
		await cluster.pass(1000);
		network.unmute("sender", "gateway");
		cluster.time.resume(gateway.process, stoodStill);
		network.read("gateway");
		await cluster.pass(300);
		expect(page.got.map(({ payload }) => payload)).toContain(read.n);
		expect(idOf(page, read)).toBeUndefined();
	});

	it("gives ids all the same if that sender has never sent anything", async () => {
		const { cluster, network, witness, page, isWhole } = await startCluster();
		network.mute("sender", "gateway");
		await cluster.pass(20_000);
		expect(isWhole()).toBe(true);
		const after = cluster.send(witness);
		await cluster.pass(500);
		expect(idOf(page, after)).toEqual(expect.any(String));
	});
});

describe("what a process that the gateway never met may have sent", () => {
	/** Another node lists it as present, and the gateway waits for it. */
	async function startUnmet() {
		const all = await startCluster();
		const { cluster, network, isWhole, reconnect } = all;
		network.part("job", "gateway");
		const job = cluster.start("job");
		await cluster.pass(3000);
		const { at } = cluster.send(job);
		await cluster.pass(1000);
		await reconnect();
		expect(isWhole()).toBe(false);
		void job.stop();
		await cluster.pass(2000);
		return { ...all, at };
	}

	it("is reported once, even if another node meanwhile reports that it has left", async () => {
		const { cluster, witness, page, isWhole, at } = await startUnmet();
		cluster.send(witness);
		await cluster.pass(3000);
		expect(page.isToldSince(at)).toBe(false);
		await cluster.pass(60_000);
		expect(page.told).toHaveLength(1);
		expect(isWhole()).toBe(true);
	});

	it("is reported once, even if another node reports afterwards that it has left", async () => {
		const { cluster, witness, page, isWhole } = await startUnmet();
		await cluster.until(() => page.told.length > 0, 60_000);
		cluster.send(witness);
		await cluster.pass(60_000);
		expect(page.told).toHaveLength(1);
		expect(isWhole()).toBe(true);
	});
});

describe("a gateway", () => {
	// It waited for a number that no sender had ever given, and gave no more ids for as long as the sender lived.
	it("does not wait because of an id of another node than the event's sender", async () => {
		const { cluster, sender, gateway, isWhole, reconnect } = await startCluster();
		cluster.send(sender);
		await cluster.pass(1000);
		const [, life = ""] = cluster.pages[0]?.got.at(-1)?.id?.split(".") ?? [];
		expect(life).not.toBe("");
		const event = { eventName: NEWS, sessionId: "*", payload: 0 };
		gateway.gateway?.fanOut.receive({ ...event, id: `sender.${life}zz.7` }, { nodeID: "witness" });
		await reconnect();
		await cluster.pass(60_000);
		expect(isWhole()).toBe(true);
	});

	// The others' pages were told that they might have missed something of a node that never sends anything.
	it.each([
		["at once", 500],
		["after a while", 5000]
	])(
		"that never sends anything is killed and started again %s without anybody being told",
		async (_when, pause) => {
			const { cluster, page, isWhole } = await startCluster();
			const other = cluster.start("other", true);
			await cluster.pass(40_000);
			cluster.kill(other);
			await cluster.pass(pause);
			cluster.start("other", true);
			await cluster.pass(60_000);
			expect(page.told).toEqual([]);
			expect(isWhole()).toBe(true);
		}
	);
});
