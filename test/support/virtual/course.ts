import fc from "fast-check";
import type { VirtualCluster } from "./cluster.ts";
import type { Cut } from "./network.ts";
import type { VirtualNode } from "./node.ts";

/** Durations are in milliseconds, nodes are their ids. */
export type Step = {
	readonly after: number;
} /** @property apart To some of Moleculer's groups, which counts apart. */ & (
	| { readonly do: "send"; readonly by: readonly Name[]; readonly apart: boolean }
	| { readonly do: "open"; readonly at: Name }
	/** One of the first two pages goes elsewhere. */
	| { readonly do: "move"; readonly page: 0 | 1; readonly to: Name; readonly pause: number }
	/** A node is cut off from all others. */
	| ({ readonly do: "cut"; readonly node: Name; readonly for: number } & Cut)
	/** Two nodes are cut off from each other alone. */
	| { readonly do: "part"; readonly between: readonly [Name, Name]; readonly for: number }
	/** Events from one node to another are lost, and nothing else. */
	| { readonly do: "mute"; readonly from: Name; readonly to: Name; readonly for: number }
	/** A process ends without a word; another one follows under its name. */
	| { readonly do: "kill"; readonly node: Name; readonly back: number }
	/** A process stops, standing without services for a while, in which it may be killed; another one follows. */
	| {
			readonly do: "stop";
			readonly node: Name;
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
			readonly node: Name;
			readonly for: number;
			readonly isMachine: boolean;
	  }
);

/** `job` is the latest of those that live shortly. */
type Name = "sender-1" | "sender-2" | "gateway-1" | "gateway-2" | "witness" | "job";

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
const weighted = <T>(...all: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
	fc.oneof(...all.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** What goes wrong goes wrong with the same one, as a rule: several faults make a rare one. */
const node: fc.Arbitrary<Name> = weighted<Name>(
	[5, fc.constant("sender-1")],
	[3, fc.constant("gateway-1")],
	[1, fc.constantFrom("sender-2", "gateway-2", "job")]
);
const sender: fc.Arbitrary<Name> = weighted<Name>([4, node], [1, fc.constant(WITNESS)]);
const two = fc.tuple(node, node).filter(([one, other]) => one !== other);
const page = fc.constantFrom<0 | 1>(0, 1);
const gateway: fc.Arbitrary<Name> = fc.constantFrom("gateway-1", "gateway-2");
/** A moment, some seconds, or minutes. */
const duration = weighted([1, upTo(500)], [3, upTo(20_000)], [4, upTo(200_000)]);
const gap = weighted([5, upTo(3000)], [4, upTo(30_000)], [1, upTo(100_000)]);

/** Anything but what the steps of a kind have in common. */
type Fields<Kind> = Omit<Extract<Step, { do: Kind }>, "after" | "do">;

const step = <Kind extends Step["do"]>(
	kind: Kind,
	fields: { [Field in keyof Fields<Kind>]: fc.Arbitrary<Fields<Kind>[Field]> },
	after: fc.Arbitrary<number> = gap
): fc.Arbitrary<Step> =>
	fc.record({ after, do: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Step>;

const sends = {
	by: fc.array(sender, { minLength: 1, maxLength: 3 }),
	apart: weighted([4, fc.constant(false)], [1, fc.constant(true)])
};
const job = {
	sends: fc.array(upTo(5000), { maxLength: 2 }),
	life: upTo(6000),
	isKilled: fc.boolean()
};
const move = { page, to: gateway, pause: upTo(20_000) };
const cut = { node, isNoticed: fc.boolean(), isKept: fc.boolean(), for: duration };
const stop = { node, linger: upTo(12_000), isKilled: fc.boolean(), back: duration };
const harmAfter = (after: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
	weighted(
		[3, step("cut", cut, after)],
		[3, step("part", { between: two, for: duration }, after)],
		[3, step("mute", { from: sender, to: node, for: duration }, after)],
		[3, step("kill", { node, back: duration }, after)],
		[3, step("stop", stop, after)],
		[2, step("job", job, after)],
		[1, step("suspend", { node, for: duration, isMachine: fc.boolean() }, after)]
	);
const harm = harmAfter(gap);
const send = step("send", sends);
/** What is sent right after something went wrong is lost, as a rule. */
const lost = step("send", sends, upTo(1000));
const scene: fc.Arbitrary<readonly Step[]> = weighted<readonly Step[]>(
	[3, fc.tuple(harm, lost)],
	// What is over is not heard of again, by whom it was lost.
	[3, fc.tuple(harm, lost, harmAfter(upTo(120_000)))],
	// Whoever leaves with an id from then is not told of it elsewhere.
	[2, fc.tuple(harm, lost, lost, step("move", move, upTo(3000)))],
	[1, fc.tuple(step("cut", cut), step("job", job, upTo(1000)))],
	[1, harm.map(step => [step])],
	[2, send.map(step => [step])],
	[1, step("open", { at: gateway }).map(step => [step])],
	[1, step("move", move).map(step => [step])]
);

/** What happens to a cluster of two gateways and three senders. Who is told of one fault does not show that another one was not. */
export const COURSE: fc.Arbitrary<Course> = fc.noBias(
	fc.record({
		seed: fc.nat(),
		steps: fc.array(scene, { minLength: 1, maxLength: 6, size: "max" }).map(scenes => scenes.flat())
	})
);

/** Senders are started anew, and jobs are done, all in order; pages go from one gateway to the other. Nobody misses anything. */
export const PEACEFUL: fc.Arbitrary<Course> = fc.noBias(
	fc.record({
		seed: fc.nat(),
		steps: fc.array(
			weighted(
				[3, send],
				[
					2,
					step("stop", {
						node: fc.constantFrom<Name>("sender-1", "sender-2"),
						linger: upTo(12_000),
						isKilled: fc.constant(false),
						back: duration
					})
				],
				[2, step("job", { ...job, isKilled: fc.constant(false) })],
				[1, step("open", { at: gateway })],
				[1, step("move", move)]
			),
			{ minLength: 1, maxLength: 12, size: "max" }
		)
	})
);

/** How often something goes wrong in a course. */
export function harmsOf({ steps }: Course): number {
	const isHarm = (step: Step): boolean => !["send", "open", "move"].includes(step.do);
	return steps.filter(isHarm).length;
}

/** Plays a course, and lets minutes pass behind it. */
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
}

function take(cluster: VirtualCluster, step: Step): void {
	const { time, network } = cluster;
	const later = (delay: number, then: () => void): void =>
		time.as(undefined, () => void time.after(delay, then));
	const find = (name: Name): VirtualNode | undefined =>
		cluster.nodes.findLast(({ nodeID, isAlive }) => isAlive && nodeID.startsWith(name));
	/** One that something may happen to now. */
	const harmable = (name: Name): VirtualNode | undefined => {
		const node = find(name);
		const isOld = node !== undefined && time.now - node.bornAt > YOUNG;
		return isOld && node.isUp && !node.process.isSuspended ? node : undefined;
	};
	switch (step.do) {
		case "send": {
			for (const name of step.by) {
				const node = find(name);
				if (node?.canSend) cluster.send(node, step.apart ? ["api"] : undefined);
			}
			return;
		}
		case "open":
			cluster.open(find(step.at));
			return;
		case "move":
			cluster.pages[step.page]?.leave(step.pause, find(step.to));
			return;
		case "cut": {
			const nodeID = harmable(step.node)?.nodeID;
			if (nodeID === undefined || network.isCutOff(nodeID)) return;
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
			const [one, other] = step.between.map(name => harmable(name)?.nodeID);
			if (one === undefined || other === undefined || !network.reaches(one, other)) return;
			cluster.note(`${one} and ${other} are cut off from each other`);
			network.part(one, other);
			later(step.for, () => {
				cluster.note(`${one} and ${other} hear each other again`);
				network.unite(one, other);
			});
			return;
		}
		case "mute": {
			const from = find(step.from)?.nodeID;
			const to = find(step.to)?.nodeID;
			if (from === undefined || to === undefined || from === to) return;
			if (network.isMuted(from, to)) return;
			cluster.note(`${to} does not get what ${from} sends`);
			network.mute(from, to);
			later(step.for, () => {
				cluster.note(`${to} gets what ${from} sends again`);
				network.unmute(from, to);
			});
			return;
		}
		case "kill": {
			const node = harmable(step.node);
			if (node === undefined) return;
			cluster.kill(node);
			follow(cluster, node, step.back);
			return;
		}
		case "stop": {
			const node = harmable(step.node);
			if (node === undefined) return;
			node.linger = step.linger;
			cluster.note(`${node.process.name} stops`);
			const stopped = node.stop();
			if (step.isKilled) later(step.linger / 2, () => node.isAlive && cluster.kill(node));
			void stopped.then(() => cluster.note(`${node.process.name} has stopped`));
			follow(cluster, node, step.back);
			return;
		}
		case "job": {
			const node = cluster.start(`job-${cluster.nodes.length}`);
			for (const at of step.sends) later(1000 + at, () => node.canSend && cluster.send(node));
			later(YOUNG + step.life, () => {
				if (!node.isUp) return;
				if (step.isKilled) cluster.kill(node);
				else void node.stop();
			});
			return;
		}
		case "suspend": {
			const node = harmable(step.node);
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
