import fc from "fast-check";
import type { VirtualCluster } from "./cluster.ts";
import type { VirtualNode } from "./node.ts";

/** Durations are in milliseconds; nodes and pages are counted among those that there are. */
export type Step = { readonly after: number } & (
	| { readonly do: "send"; readonly from: number; readonly apart: boolean }
	| { readonly do: "open"; readonly at: number }
	| { readonly do: "move"; readonly page: number; readonly to: number; readonly pause: number }
	/** A node is cut off from all others. */
	| {
			readonly do: "cut";
			readonly node: number;
			readonly isNoticed: boolean;
			readonly isKept: boolean;
			readonly for: number;
	  }
	/** Events from one node to another are lost, and nothing else. */
	| { readonly do: "mute"; readonly from: number; readonly to: number; readonly for: number }
	/** Two nodes are cut off from each other alone. */
	| { readonly do: "part"; readonly one: number; readonly other: number; readonly for: number }
	/** A process ends without a word; another one follows under its name. */
	| { readonly do: "kill"; readonly node: number; readonly back: number }
	/** A process stops, standing without services for a while, in which it may be killed; another one follows. */
	| {
			readonly do: "stop";
			readonly node: number;
			readonly linger: number;
			readonly isKilled: boolean;
			readonly back: number;
	  }
	/** A process under a name of its own that lives shortly, and sends something so long after its start. */
	| {
			readonly do: "job";
			readonly sends: readonly number[];
			readonly life: number;
			readonly isKilled: boolean;
	  }
	/** A process does not run for a while; or its machine, with its clock. */
	| {
			readonly do: "suspend";
			readonly node: number;
			readonly for: number;
			readonly isMachine: boolean;
	  }
);

export interface Course {
	/** What it draws the delays of packets from. */
	readonly seed: number;
	readonly steps: readonly Step[];
}

/** Nobody harms this one: it is there for who wants to know what has happened. */
const WITNESS = "witness";
/** Milliseconds for which a process is let alone: one that dies earlier was known to nobody. */
const YOUNG = 3000;
/** Milliseconds without faults at the end, by which all is told and well. */
const PEACE = 240_000;

const upTo = (most: number): fc.Arbitrary<number> => fc.nat(most);
const index = upTo(9);
/** A moment, some seconds, or minutes. */
const duration = fc.oneof(
	{ weight: 1, arbitrary: upTo(500) },
	{ weight: 3, arbitrary: upTo(20_000) },
	{ weight: 2, arbitrary: upTo(200_000) }
);
const gap = fc.oneof(
	{ weight: 5, arbitrary: upTo(3000) },
	{ weight: 4, arbitrary: upTo(30_000) },
	{ weight: 1, arbitrary: upTo(100_000) }
);

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 12,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("send"),
			from: index,
			apart: fc.integer({ min: 0, max: 4 }).map(n => n === 0)
		})
	},
	{ weight: 2, arbitrary: fc.record({ after: gap, do: fc.constant("open"), at: index }) },
	{
		weight: 2,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("move"),
			page: index,
			to: index,
			pause: upTo(20_000)
		})
	},
	{
		weight: 2,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("cut"),
			node: index,
			isNoticed: fc.boolean(),
			isKept: fc.boolean(),
			for: duration
		})
	},
	{
		weight: 2,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("part"),
			one: index,
			other: index,
			for: duration
		})
	},
	{
		weight: 1,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("mute"),
			from: index,
			to: index,
			for: duration
		})
	},
	{
		weight: 2,
		arbitrary: fc.record({ after: gap, do: fc.constant("kill"), node: index, back: duration })
	},
	{
		weight: 2,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("stop"),
			node: index,
			linger: upTo(12_000),
			isKilled: fc.boolean(),
			back: duration
		})
	},
	{
		weight: 2,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("job"),
			sends: fc.array(upTo(5000), { maxLength: 2 }),
			life: upTo(6000),
			isKilled: fc.boolean()
		})
	},
	{
		weight: 1,
		arbitrary: fc.record({
			after: gap,
			do: fc.constant("suspend"),
			node: index,
			for: duration,
			isMachine: fc.boolean()
		})
	}
) as fc.Arbitrary<Step>;

/** What happens to a cluster of two gateways and three senders. */
export const COURSE: fc.Arbitrary<Course> = fc.record({
	seed: fc.nat(),
	steps: fc.array(step, { minLength: 1, maxLength: 50, size: "max" })
});

/** How often something goes wrong in a course. */
export function harmsOf({ steps }: Course): number {
	const isHarm = (step: Step): boolean => !["send", "open", "move"].includes(step.do);
	return steps.filter(isHarm).length;
}

/** Plays a course, and lets minutes pass behind it; then each node sends something once more. */
export async function play(cluster: VirtualCluster, { steps }: Course): Promise<void> {
	const gateways = ["gateway-1", "gateway-2"];
	for (const nodeID of [WITNESS, "sender-1", "sender-2"]) cluster.start(nodeID);
	for (const nodeID of gateways) cluster.start(nodeID, true);
	await cluster.pass(5000);
	for (const node of cluster.gateways) cluster.open(node);
	await cluster.pass(1000);
	for (const step of steps) {
		await cluster.pass(step.after);
		take(cluster, step);
	}
	cluster.note("peace");
	cluster.network.heal();
	for (const node of cluster.nodes) if (node.process.isSuspended) resume(cluster, node);
	await cluster.pass(PEACE);
	for (const node of cluster.up) cluster.send(node);
	await cluster.pass(3000);
}

function take(cluster: VirtualCluster, step: Step): void {
	const { time, network } = cluster;
	const later = (delay: number, then: () => void): void =>
		time.as(undefined, () => void time.after(delay, then));
	const nth = <T>(items: readonly T[], index: number): T | undefined =>
		items[index % Math.max(1, items.length)];
	const harmable = cluster.up.filter(
		({ nodeID, process, bornAt }) =>
			nodeID !== WITNESS && !process.isSuspended && time.now - bornAt > YOUNG
	);
	switch (step.do) {
		case "send": {
			const node = nth(
				cluster.nodes.filter(({ canSend }) => canSend),
				step.from
			);
			if (node !== undefined) cluster.send(node, step.apart ? ["api"] : undefined);
			return;
		}
		case "open":
			cluster.open(nth(cluster.gateways, step.at));
			return;
		case "move":
			nth(cluster.pages, step.page)?.leave(step.pause, nth(cluster.gateways, step.to));
			return;
		case "cut": {
			const node = nth(harmable, step.node);
			if (node === undefined || network.isCutOff(node.nodeID)) return;
			const { nodeID } = node;
			const how = step.isNoticed ? "" : " without noticing";
			cluster.note(`${nodeID} is cut off${how}${step.isKept ? ", packets wait" : ""}`);
			network.cutOff(nodeID, step);
			later(step.for, () => {
				cluster.note(`${nodeID} is not cut off any more`);
				network.restore(nodeID);
			});
			return;
		}
		case "part": {
			const one = nth(harmable, step.one)?.nodeID;
			const other = nth(
				harmable.filter(({ nodeID }) => nodeID !== one),
				step.other
			)?.nodeID;
			if (one === undefined || other === undefined) return;
			cluster.note(`${one} and ${other} are cut off from each other`);
			network.part(one, other);
			later(step.for, () => {
				cluster.note(`${one} and ${other} hear each other again`);
				network.unite(one, other);
			});
			return;
		}
		case "mute": {
			const from = nth(cluster.up, step.from)?.nodeID;
			const to = nth(
				harmable.filter(({ nodeID }) => nodeID !== from),
				step.to
			)?.nodeID;
			if (from === undefined || to === undefined) return;
			cluster.note(`${to} does not get what ${from} sends`);
			network.mute(from, to);
			later(step.for, () => {
				cluster.note(`${to} gets what ${from} sends again`);
				network.unmute(from, to);
			});
			return;
		}
		case "kill": {
			const node = nth(harmable, step.node);
			if (node === undefined) return;
			cluster.kill(node);
			follow(cluster, node, step.back);
			return;
		}
		case "stop": {
			const node = nth(harmable, step.node);
			if (node === undefined) return;
			node.linger = step.linger;
			cluster.note(`${node.process.name} stops`);
			const stopped = node.stop();
			if (step.isKilled) later(step.linger / 2, () => node.isAlive && cluster.kill(node));
			void stopped.then(() => cluster.note(`${node.process.name} has stopped`));
			follow(cluster, node, 200 + step.linger * 2 + step.back);
			return;
		}
		case "job": {
			const node = cluster.start(`job-${cluster.nodes.length}`);
			for (const at of step.sends) later(1000 + at, () => node.canSend && cluster.send(node));
			later(YOUNG + step.life, () => {
				if (!node.isAlive) return;
				if (step.isKilled) cluster.kill(node);
				else void node.stop();
			});
			return;
		}
		case "suspend": {
			const node = nth(harmable, step.node);
			if (node === undefined) return;
			cluster.note(
				`${node.process.name} is suspended${step.isMachine ? ", with its machine" : ""}`
			);
			time.suspend(node.process);
			later(step.for, () => {
				if (node.process.isSuspended) resume(cluster, node, step.isMachine ? step.for : 0);
			});
		}
	}
}

/** Has another process follow under the name of one that is gone, or goes. */
function follow(cluster: VirtualCluster, { nodeID, isGateway }: VirtualNode, delay: number): void {
	if (nodeID.startsWith("job")) return;
	const { time } = cluster;
	const start = (): void => {
		// Moleculer ends a process that meets another one of its name.
		if (cluster.node(nodeID) === undefined) cluster.start(nodeID, isGateway);
		else time.after(1000, start);
	};
	time.as(undefined, () => time.after(1000 + delay, start));
}

function resume(cluster: VirtualCluster, { nodeID, process }: VirtualNode, stoodStill = 0): void {
	cluster.note(`${process.name} goes on`);
	cluster.time.resume(process, stoodStill);
	cluster.network.read(nodeID);
}
