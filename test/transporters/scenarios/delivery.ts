/** Only events are sent, and clients move. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cell } from "../cell.ts";
import type { Scenario } from "./scenario.ts";

const PART = "steady";

/** Small ones, and some larger than what Moleculer's middlewares compress. */
const UNEVEN = [3, 900, 3, 3, 2000, 3];

const order: Scenario = {
	name: "order",
	part: PART,
	async play(cell) {
		await cell.open(cell.gateway(0), "s0", "s1");
		await cell.open(cell.gateway(1), "s2", "s3");
		const to = ["*", "s0", "s2", "*", "s1", "s3"];
		const { burst = 200 } = cell.stage.transporter;
		await cell.send(cell.stage.senders, { count: burst, to, every: 0, padding: UNEVEN });
		await cell.send(cell.stage.senders, { count: 30, to, every: 5, padding: UNEVEN });
		await cell.settle();
	}
};

const targeted: Scenario = {
	name: "targeted",
	part: PART,
	async play(cell) {
		await cell.open(cell.gateway(0), "s0", "s1", "both");
		await cell.open(cell.gateway(1), "s2", "s3", "both");
		const to = ["s0", "s1", "s2", "s3", "both", "nobody"];
		await cell.send(cell.stage.senders, { count: 60, to });
		await cell.settle();
	}
};

const everyone: Scenario = {
	name: "everyone",
	part: PART,
	async play(cell) {
		await cell.open(cell.gateway(0), "s0", "s1");
		await cell.open(cell.gateway(1), "s2", "s3");
		await cell.send(cell.stage.senders, { count: 60 });
		await cell.settle();
	}
};

/** The first of its stage: clients also move before the first event was ever sent. */
const resume: Scenario = {
	name: "resume",
	part: PART,
	async play(cell) {
		const one = await cell.open(cell.gateway(0), "s0", "s1");
		const two = await cell.open(cell.gateway(1), "s2", "s3");
		await move(cell);
		const flow = cell.send(cell.stage.senders, { count: 120, to: ["*", "s0", "s2"], every: 25 });
		for (let round = 0; round < 6; round++) {
			await sleep(400);
			await move(cell);
		}
		await flow;
		await cell.untilOpen([...one, ...two]);
		await cell.settle();
	}
};

/** Sends every client to the other gateway. */
async function move(cell: Cell): Promise<void> {
	const [one, other] = [cell.gateway(0), cell.gateway(1)];
	for (const client of cell.clients) {
		client.url = client.url === one.url ? other.url : one.url;
		client.cut();
	}
	await cell.untilOpen(cell.clients);
}

const revoke: Scenario = {
	name: "revoke",
	part: PART,
	async play(cell) {
		const [first, rest] = await cell.open(cell.gateway(0), "out", "s1");
		const [second] = await cell.open(cell.gateway(1), "out");
		const out = [first, second].filter(client => client !== undefined);
		cell.excuse(...out);
		const [sender] = cell.stage.senders;
		if (sender === undefined || rest === undefined) return;
		await cell.send(cell.stage.senders, { count: 10, to: ["out", "*"] });
		await cell.settle();
		await sender.host.ask("close", { nodeID: sender.nodeID, sessionId: "out" });
		const isClosed = (client: (typeof out)[number]) =>
			client.entries.some(({ kind }) => kind === "closed");
		const deadline = Date.now() + cell.within;
		while (Date.now() < deadline && !out.every(isClosed)) await sleep(50);
		for (const [at, client] of out.entries()) {
			if (!isClosed(client)) cell.untruths.push(`gateway ${at + 1} did not close what was revoked`);
		}
		await cell.untilOpen(out);
		if (isClosed(rest)) cell.untruths.push("a stream that was not revoked was closed");
		await cell.send(cell.stage.senders, { count: 10, to: ["out", "*"] });
		await cell.settle();
	}
};

export const DELIVERY: readonly Scenario[] = [resume, order, targeted, everyone, revoke];
