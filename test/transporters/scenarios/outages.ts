/** Connections break: all, a sender's, or a gateway's. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../chaos/clients.ts";
import { eventually } from "../../support/eventually.ts";
import type { Cell } from "../cell.ts";
import type { Stage } from "../stage.ts";
import type { StageNode } from "../stage-node.ts";
import { needsProcesses, openOnEach, type Part, type Scenario, sendAndSettle } from "./scenario.ts";

/** Who is cut off. */
type Target = "all" | "sender" | "gateway";
/** What its senders do afterwards. */
type Then = "sends" | "silence";

/** Milliseconds of an outage; and, of these, until the nodes must have noticed it. */
const LASTS = 5000;
const NOTICED = 3500;
/** Milliseconds within which nodes hear each other after an outage. */
const RECOVERY = 60_000;
/** Milliseconds within which gateways that know the senders have heard that these know them: they ask every eight seconds. */
const MET = 20_000;
/** Milliseconds within which nodes miss one that was killed, by its heartbeats; and then until gateways have reported it. */
const MISSED = 120_000;
const TOLD = 33_000;
/** Everyone misses some of them: every other one is for all. */
const TO = ["*", "s0", "*", "s1", "*", "s2", "*", "s3"];

function outage(target: Target, then: Then): Scenario {
	return {
		name: `outage of ${target === "all" ? "all" : `one ${target}`}, then ${then}`,
		part: `outage-${target}` satisfies Part,
		mayLose: true,
		impossible: needsProcesses,
		async play(cell) {
			const { stage } = cell;
			const [, moving] = await cell.open(cell.gateway(0), "s0", "s1");
			await cell.open(cell.gateway(1), "s2", "s3");
			await cell.send(stage.senders, { count: 8, to: TO });
			await cell.settle();

			const off = await cut(stage, target);
			const flow = cell.send(stage.senders, { count: 10, to: TO, every: LASTS / 10 });
			await sleep(NOTICED);
			for (const node of nodesOf(stage)) {
				// Nodes that talk to each other directly have no connection that they could know to be lost.
				if (stage.transporter.shape === "peers" && off.includes(node)) continue;
				await cell.expectHearing(node, !off.includes(node), "in the outage");
			}
			await flow;
			await heal(stage, target);

			const back = Date.now();
			const after = then === "sends" && cell.send(stage.senders, { count: 16, to: TO, every: 500 });
			await moveOn(cell, moving as Client, back);
			await after;
			await cell.settle({ within: cell.within, quiet: 3000 });
			await recover(cell);
		}
	};
}

/** Cuts them off, and returns the nodes that then hear nobody. */
async function cut(stage: Stage, target: Target): Promise<readonly StageNode[]> {
	const off = target === "all" ? nodesOf(stage) : [nodeOf(stage, target)];
	if (target === "all" && stage.server !== undefined) await stage.server.kill();
	else await Promise.all(off.map(node => node.cut()));
	return off;
}

async function heal(stage: Stage, target: Target): Promise<void> {
	const off = target === "all" ? nodesOf(stage) : [nodeOf(stage, target)];
	if (target === "all" && stage.server !== undefined) await stage.server.start();
	else await Promise.all(off.map(node => node.heal()));
}

function nodesOf(stage: Stage): StageNode[] {
	return [...stage.gateways, ...stage.senders];
}

function nodeOf(stage: Stage, role: "sender" | "gateway"): StageNode {
	return stage[`${role}s`][0] as StageNode;
}

/**
 * A client goes to the other gateway as soon as it has got an event from after the outage, or three seconds after it: the place
 * that it takes along must not be after what it has missed.
 */
async function moveOn(cell: Cell, client: Client, back: number): Promise<void> {
	const hasNewer = () =>
		client.entries.some(
			entry => entry.kind === "event" && (entry.data as { at: number }).at > back
		);
	while (Date.now() < back + 3000 && !hasNewer()) await sleep(20);
	client.url = cell.gateway(1).url;
	client.cut();
	await cell.untilOpen([client]);
}

/** In the end everything is as before: nodes know each other, say so, and events arrive. */
async function recover(cell: Cell): Promise<void> {
	const { stage } = cell;
	try {
		await stage.untilMet([], RECOVERY);
	} catch (error) {
		cell.untruths.push(`after the outage: ${(error as Error).message}`);
		return;
	}
	for (const node of nodesOf(stage)) {
		await cell.expectHearing(node, true, "after the outage", MET);
	}
	await cell.send(stage.senders, { count: 4, to: TO });
	await cell.settle({ within: cell.within, quiet: 1000 });
}

/** Its old life ends unheard. */
const restartedInOutage: Scenario = {
	name: "sender restarted in its outage",
	part: "restart",
	mayLose: true,
	impossible: needsProcesses,
	async play(cell) {
		const { stage } = cell;
		await openOnEach(cell);
		const sender = nodeOf(stage, "sender");
		await sendAndSettle(cell, 3);
		await sender.cut();
		await cell.send([sender], { count: 3, every: 300 });
		await stage.end(sender, 3000);
		await sender.heal();
		await stage.start(sender);
		await cell.settle({ within: cell.within, quiet: 3000 });
		await recover(cell);
	}
};

async function untilKnows(sender: StageNode, { nodeID }: StageNode): Promise<void> {
	const knows = async () => (await sender.state()).gateways.includes(nodeID);
	await until(knows, RECOVERY, `${sender.nodeID} does not know ${nodeID}`);
}

/** Until the nodes that are not cut off know a node. */
async function untilKnown({ nodeID }: StageNode, stage: Stage): Promise<void> {
	for (const node of [...stage.senders, stage.gateways[1] as StageNode]) {
		const knows = async () => (await node.state()).peers.includes(nodeID);
		await until(knows, RECOVERY, `${node.nodeID} does not know ${nodeID}`);
	}
}

/** Until all have missed a node that was killed, and gateways have reported what it may have sent: half a minute later. */
async function untilMissed({ nodeID }: StageNode, stage: Stage): Promise<void> {
	for (const node of nodesOf(stage)) {
		const misses = async () => !(await node.state()).peers.includes(nodeID);
		await until(misses, MISSED, `${node.nodeID} takes ${nodeID} to be there`);
	}
	await sleep(TOLD);
}

async function until(
	is: () => Promise<boolean>,
	timeout: number,
	complaint: string
): Promise<void> {
	const look = async () => {
		if (!(await is())) throw new Error(complaint);
	};
	await eventually(look, { timeout, interval: 100 });
}

/** A job starts, sends, and ends, while a gateway is cut off that never meets it. */
const lifeInOutage = (how: "stopped" | "killed"): Scenario => ({
	name: `sender's life in an outage of one gateway, ${how}`,
	part: "outage-gateway",
	mayLose: true,
	impossible: needsProcesses,
	async play(cell) {
		const { stage } = cell;
		const clients = await openOnEach(cell);
		// what a killed sender has sent last may be missing, for all that is known
		if (how === "killed") cell.excuse(...clients);
		await sendAndSettle(cell, 3);
		const job = await stage.prepare("sender", `job-${how}`);
		const gateway = nodeOf(stage, "gateway");
		await gateway.cut();
		await sleep(1000);
		await stage.start(job);
		await untilKnows(job, stage.gateways[1] as StageNode);
		// of a job that is killed before anybody has heard of it, nobody can tell
		if (how === "killed") await untilKnown(job, stage);
		await cell.send([job], { count: 2 });
		await sleep(500);
		if (how === "stopped") await stage.end(job);
		else await job.host.stop(0);
		await gateway.heal();
		// if the gateway does not notice that it was cut off, senders tell it within a minute, once they have missed the job
		await cell.settle({ within: how === "stopped" ? 80_000 : 150_000, quiet: 3000 });
		if (how === "killed") await untilMissed(job, stage);
		await recover(cell);
	}
});

/** It had reported that it had sent nothing, and everybody had heard that. */
const firstInOutage: Scenario = {
	name: "first event in an outage of one gateway, then killed",
	part: "outage-gateway",
	mayLose: true,
	impossible: needsProcesses,
	async play(cell) {
		const { stage } = cell;
		const [onCut, onOther] = await openOnEach(cell);
		const job = await stage.add("sender", "job-2");
		await stage.untilMet([job]);
		await sleep(1500);
		const gateway = nodeOf(stage, "gateway");
		await gateway.cut();
		await cell.send([job], { count: 1 });
		await sleep(500);
		await job.host.stop(0);
		// gateways may report that it may have sent more than has arrived
		cell.excuse(...[onCut, onOther].filter(client => client !== undefined));
		await sleep(LASTS);
		await gateway.heal();
		// until it is found missing, and half a minute more
		await cell.settle({ within: 150_000, quiet: 3000 });
		await untilMissed(job, stage);
		await recover(cell);
	}
};

/** Its process is suspended for longer than senders wait for its heartbeats, and not longer than it waits itself. */
const suspended: Scenario = {
	name: "gateway suspended",
	part: "suspended",
	mayLose: true,
	impossible: needsProcesses,
	async play(cell) {
		const { stage } = cell;
		await openOnEach(cell);
		const gateway = nodeOf(stage, "gateway");
		await sendAndSettle(cell, 3);
		gateway.host.process.kill("SIGSTOP");
		await cell.send(stage.senders, { count: 7, every: 1000 });
		gateway.host.process.kill("SIGCONT");
		await cell.settle({ within: cell.within, quiet: 3000 });
		await recover(cell);
	}
};

export const OUTAGES: readonly Scenario[] = [
	...(["all", "sender", "gateway"] as const).flatMap(target => [
		outage(target, "silence"),
		outage(target, "sends")
	]),
	lifeInOutage("stopped"),
	lifeInOutage("killed"),
	firstInOutage,
	restartedInOutage,
	suspended
];
