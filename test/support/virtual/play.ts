import type { VirtualCluster } from "./cluster.ts";
import { type Course, type Name, type Step, WITNESS } from "./course.ts";
import type { VirtualNode } from "./node.ts";

/** Milliseconds for which a process is left alone: one that dies earlier was known to nobody. */
const YOUNG = 3000;
/** Milliseconds without faults at the end, within which everything is reported and works. */
const PEACE = 240_000;

/** Plays a course, and lets minutes pass after it. */
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
	/** A node that something may happen to now. */
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

/** Makes another process follow under the name of one that is gone, or is leaving. */
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
