/** Nodes come, leave gracefully, or crash, while all connections hold. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cell } from "../cell.ts";
import type { StageNode } from "../stage-node.ts";
import {
	needsNodes,
	needsProcesses,
	openOnEach,
	type Scenario,
	sendAndSettle
} from "./scenario.ts";

const PART = "steady";

const late: Scenario = {
	name: "late gateway",
	part: PART,
	mayLose: true,
	impossible: needsNodes,
	async play(cell) {
		const { stage } = cell;
		await openOnEach(cell);
		const gateway = await stage.prepare("gateway", "gateway-3");
		// it joins while events are sent; a client that opens a stream there at once gets what follows, or is told
		const flow = cell.send(stage.senders, { count: 60, every: 50 });
		await sleep(500);
		await stage.start(gateway);
		await cell.open(gateway, "s2", "s3");
		await flow;
		await stage.untilMet([gateway]);
		// by then the gateway knows what it has missed, and has reported it
		await sleep(3000);
		// a client that comes once it has settled misses nothing
		await cell.open(gateway, "s4");
		await sendAndSettle(cell, 5, 2000);
		cell.close();
		await stage.end(gateway);
	}
};

const reloaded: Scenario = {
	name: "gateway reloaded",
	part: PART,
	async play(cell) {
		const { stage } = cell;
		const gateway = cell.gateway(0);
		await cell.open(cell.gateway(1), ...(stage.gateways.length > 1 ? ["s0"] : []));
		await sendAndSettle(cell, 3);
		await gateway.host.ask("reload", { nodeID: gateway.nodeID });
		await stage.untilMet();
		await sleep(1000);
		await cell.open(gateway, "s1");
		await sendAndSettle(cell, 3, 2000);
	}
};

const started: Scenario = {
	name: "sent in started",
	part: PART,
	mayLose: true,
	impossible: needsNodes,
	async play(cell) {
		const { stage } = cell;
		await openOnEach(cell);
		const sender = await stage.prepare("sender", "sender-3");
		cell.note("sender-3", await stage.start(sender, { greeting: cell.greetingOf(sender, 3) }));
		await cell.settle({ within: cell.within, quiet: 2000 });
		await stage.untilMet([sender]);
		await cell.send([sender], { count: 3 });
		await cell.settle();
		await stage.end(sender);
	}
};

/** The first sender ends, and is started again. */
async function playRestart(cell: Cell, end: (sender: StageNode) => Promise<void>): Promise<void> {
	const { stage } = cell;
	const [one] = stage.senders as [StageNode];
	await sendAndSettle(cell, 5);
	await end(one);
	await stage.start(one);
	await stage.untilMet();
	await sendAndSettle(cell, 5, 2000);
}

const restarted: Scenario = {
	name: "sender restarted",
	part: PART,
	impossible: needsNodes,
	async play(cell) {
		await openOnEach(cell);
		await playRestart(cell, sender => cell.stage.end(sender));
	}
};

/** For all that gateways know, what it sent last may be lost: they may report that, even if nothing is missing. */
const killed: Scenario = {
	name: "sender killed",
	part: PART,
	mayLose: true,
	impossible: needsProcesses,
	async play(cell) {
		cell.excuse(...(await openOnEach(cell)));
		await playRestart(cell, ({ host }) => host.stop(0));
	}
};

/** For example a script that calls an action and has nothing to send. */
const silent: Scenario = {
	name: "silent node comes and goes",
	part: PART,
	impossible: needsNodes,
	async play(cell) {
		const { stage } = cell;
		await openOnEach(cell);
		await sendAndSettle(cell, 2);
		for (const name of ["script-1", "script-2"]) {
			const node = await stage.add("sender", name);
			await stage.end(node);
		}
		await sendAndSettle(cell, 2, 2000);
	}
};

export const ARRIVALS: readonly Scenario[] = [reloaded, started, late, silent, restarted, killed];
