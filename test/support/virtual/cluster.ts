import { Network } from "./network.ts";
import { VirtualNode } from "./node.ts";
import { Page } from "./page.ts";
import { Random } from "./random.ts";
import { VirtualProcess, VirtualTime } from "./time.ts";

/** Something that a node has sent to all. */
export interface Sent {
	/** Its payload: numbers what the cluster has sent, from 1. */
	readonly n: number;
	readonly by: VirtualNode;
	/** Moleculer's groups that got it, as text. */
	readonly groups: string;
	/** Milliseconds of virtual time. */
	readonly at: number;
	/** Gateways whose Moleculer did not know its process then, or had taken it for gone. */
	readonly unknownTo: readonly VirtualNode[];
}

/** A cluster of real brokers with virtual time, a virtual network, and pages that are open at its gateways. */
export class VirtualCluster {
	readonly time: VirtualTime = new VirtualTime();
	readonly network: Network;
	/** All nodes that ever existed. */
	readonly nodes: VirtualNode[] = [];
	readonly pages: Page[] = [];
	readonly sent: Sent[] = [];
	/** What happened, one line each. */
	readonly trace: string[] = [];
	readonly #seed: string;
	readonly #random: Random;
	readonly #uninstall: () => void;

	constructor(seed: number) {
		this.#seed = String(seed);
		this.#random = new Random(`${seed} pages`);
		this.network = new Network(this.time, this.#seed);
		this.#uninstall = this.time.install();
	}

	/** Nodes whose services run. */
	get up(): VirtualNode[] {
		return this.nodes.filter(({ isUp }) => isUp);
	}

	/** Gateways that accept streams. */
	get gateways(): VirtualNode[] {
		return this.up.filter(node => node.gateway?.isReady && !node.process.isSuspended);
	}

	/** The present process of that name; undefined if there is none. */
	node(nodeID: string): VirtualNode | undefined {
		return this.nodes.findLast(node => node.nodeID === nodeID && node.isAlive);
	}

	note(text: string): void {
		this.trace.push(`${(this.time.now / 1000).toFixed(3).padStart(8)} ${text}`);
	}

	/** Starts a process under that name. */
	start(nodeID: string, isGateway = false): VirtualNode {
		const count = this.nodes.filter(node => node.nodeID === nodeID).length;
		const process = new VirtualProcess(`${nodeID}#${count + 1}`, this.#seed);
		const node = new VirtualNode({
			nodeID,
			isGateway,
			process,
			time: this.time,
			network: this.network,
			log: text => this.note(`${nodeID} logs: ${text}`)
		});
		this.note(`${process.name} starts`);
		this.nodes.push(node);
		node.start();
		return node;
	}

	/** Ends a process silently; a gateway's streams break. */
	kill(node: VirtualNode): void {
		this.note(`${node.process.name} is killed`);
		node.kill();
		for (const page of this.pages) if (page.at === node) page.leave(500);
	}

	/** Makes a node send something to all. @param groups Moleculer's groups that get it; default: all. */
	send(by: VirtualNode, groups?: string[]): Sent {
		const isCutOff = this.network.isCutOff(by.nodeID);
		const n = this.sent.length + 1;
		const unknownTo = this.gateways.filter(gateway => gateway !== by && !gateway.knows(by));
		const sent = { n, by, groups: String(groups), at: this.time.now, unknownTo };
		this.sent.push(sent);
		this.note(`${by.process.name} sends ${n}${isCutOff ? ", cut off" : ""}`);
		by.send(n, groups);
		return sent;
	}

	/** Opens a page. @param node The gateway to which it first goes; default: any. */
	open(node?: VirtualNode): Page {
		const choose = () => this.gateways[this.#random.below(this.gateways.length)];
		const page = new Page(`page ${this.pages.length + 1}`, this.time, choose, text =>
			this.note(text)
		);
		this.pages.push(page);
		page.open(node ?? choose());
		return page;
	}

	/** Makes time pass, in milliseconds. */
	async pass(duration: number): Promise<void> {
		await this.time.advance(duration);
	}

	/** Makes time pass until a condition holds. @param most Milliseconds within which it must. */
	async until(isSo: () => boolean, most: number): Promise<void> {
		const late = this.time.now + most;
		while (!isSo()) {
			if (this.time.now >= late) throw new Error(`not within ${most} ms: ${isSo}`);
			await this.time.advance(100);
		}
	}

	/** Ends everything, and continues with real time. */
	async end(): Promise<void> {
		try {
			for (const page of this.pages) page.close();
			for (const node of this.nodes) {
				if (!node.isAlive) continue;
				node.linger = 0;
				if (node.process.isSuspended) this.time.resume(node.process);
				if (!node.isStopping) void node.stop();
			}
			await this.time.advance(10_000);
		} finally {
			this.#uninstall();
		}
	}
}
