import { Transporters } from "moleculer";
import { Random } from "./random.ts";
import type { VirtualProcess, VirtualTime } from "./time.ts";

/** Milliseconds that packets take: most of them, and the others, which later ones often overtake. */
const FAST = 20;
const SLOW = 400;
const SLOW_PART = 0.3;
/** Milliseconds after which Moleculer's transporters try to reconnect. */
const RECONNECT = 1000;

/** A node's end of the network. */
interface End {
	readonly process: VirtualProcess;
	readonly transporter: VirtualTransporter;
	/** Packets that wait while its process is suspended. */
	readonly inbox: (() => void)[];
}

/** What a process has sent. */
interface Sent {
	readonly type: string;
	readonly data: Buffer;
	readonly sender: VirtualProcess;
	readonly sentAt: number;
}

/** A Moleculer packet, on its way to one node. */
export interface Packet {
	/** Name of the process that sent it. */
	readonly from: string;
	/** A node. */
	readonly to: string;
	/** `EVENT`, `INFO`, `DISCONNECT`, … */
	readonly type: string;
	/** Its content, as in Moleculer's protocol. */
	readonly payload: { readonly event?: string; readonly data?: Record<string, unknown> };
}

/** What becomes of a packet: how many milliseconds it takes, or that it is lost; undefined = like any other. */
export type Rule = (packet: Packet) => number | "lost" | undefined;

/** How a node is cut off from all others. */
export interface Cut {
	/** Whether its transporter knows. */
	readonly isNoticed: boolean;
	/** Whether packets to it, and from it if it does not know, are kept: they arrive when the cut is over. */
	readonly isKept: boolean;
}

/**
 * Carries Moleculer packets: each takes its time, and may be overtaken. A node may be cut off from all others, and two nodes
 * from each other alone.
 */
export class Network {
	readonly #time: VirtualTime;
	readonly #seed: string;
	readonly #ends = new Map<string, End>();
	readonly #cuts = new Map<string, Cut>();
	/** Pairs that are cut off from each other alone. */
	readonly #parted = new Set<string>();
	/** Paths from one node to another on which events are lost, and nothing else. */
	readonly #muted = new Set<string>();
	/** What waits until a node is no longer cut off. */
	readonly #kept = new Map<string, (() => void)[]>();
	readonly #links = new Map<string, Random>();
	/** When something was last sent by a process that has arrived at a node, by their names, and at any. */
	readonly #heardAt = new Map<string, number>();
	/** When a node first heard that a process had sent an event, by their names. */
	readonly #toldAt = new Map<string, number>();
	/** Overrides what becomes of packets. */
	rule: Rule = () => undefined;

	constructor(time: VirtualTime, seed: string) {
		this.#time = time;
		this.#seed = seed;
	}

	/** Whether a node is cut off, and knows. */
	refuses(nodeID: string): boolean {
		return this.#cuts.get(nodeID)?.isNoticed === true;
	}

	isCutOff(nodeID: string): boolean {
		return this.#cuts.has(nodeID);
	}

	/** When something was last sent by a process that has arrived at a node. @param nodeID Default: at any. */
	heardAt({ name }: VirtualProcess, nodeID = ""): number {
		return this.#heardAt.get(`${name} > ${nodeID}`) ?? Number.NEGATIVE_INFINITY;
	}

	/** When a node first heard that a process had sent an event; Infinity if it never did. */
	toldAt({ name }: VirtualProcess, nodeID: string): number {
		return this.#toldAt.get(`${name} > ${nodeID}`) ?? Number.POSITIVE_INFINITY;
	}

	/** Cuts a node off from all others. */
	cutOff(nodeID: string, cut: Cut): void {
		this.#cuts.set(nodeID, cut);
		const end = this.#ends.get(nodeID);
		if (cut.isNoticed && end !== undefined) end.transporter.connected = false;
	}

	/** Ends a node's cut. */
	restore(nodeID: string): void {
		if (!this.#cuts.delete(nodeID)) return;
		const end = this.#ends.get(nodeID);
		if (end !== undefined) {
			const reconnect = (): void => this.#reconnect(nodeID, end);
			this.#time.as(end.process, () => void this.#time.after(RECONNECT, reconnect));
		}
		const kept = this.#kept.get(nodeID) ?? [];
		this.#kept.delete(nodeID);
		// Usually after the news that it is connected.
		this.#time.as(undefined, () => {
			for (const come of kept) this.#time.after(2 * RECONNECT, come);
		});
	}

	/** Cuts two nodes off from each other alone; neither knows. */
	part(one: string, other: string): void {
		this.#parted.add(pairOf(one, other));
	}

	unite(one: string, other: string): void {
		this.#parted.delete(pairOf(one, other));
	}

	/** Whether packets that leave now get from one node to another. */
	reaches(from: string, to: string): boolean {
		return !this.isCutOff(from) && !this.isCutOff(to) && !this.#parted.has(pairOf(from, to));
	}

	isMuted(from: string, to: string): boolean {
		return this.#muted.has(`${from} > ${to}`);
	}

	/** Makes events from one node to another get lost, while everything else arrives. */
	mute(from: string, to: string): void {
		this.#muted.add(`${from} > ${to}`);
	}

	unmute(from: string, to: string): void {
		this.#muted.delete(`${from} > ${to}`);
	}

	/** Ends all cuts. */
	heal(): void {
		this.#parted.clear();
		this.#muted.clear();
		for (const nodeID of [...this.#cuts.keys()]) this.restore(nodeID);
	}

	join(process: VirtualProcess, transporter: VirtualTransporter): void {
		this.#ends.set(transporter.nodeID, { process, transporter, inbox: [] });
	}

	leave(transporter: VirtualTransporter): void {
		const { nodeID } = transporter;
		if (this.#ends.get(nodeID)?.transporter === transporter) this.#ends.delete(nodeID);
	}

	/** Makes a process that was suspended read what has arrived. */
	read(nodeID: string): void {
		const end = this.#ends.get(nodeID);
		if (end === undefined) return;
		for (const take of end.inbox.splice(0)) this.#time.as(end.process, take);
	}

	/** @param target A node; null for all others. */
	carry(from: VirtualTransporter, type: string, target: string | null, data: Buffer): void {
		const { nodeID } = from;
		const sender = this.#ends.get(nodeID)?.process;
		if (sender === undefined || sender.isDead) return;
		const sentAt = this.#time.now;
		for (const [id, to] of this.#ends) {
			const isFor = target === null ? id !== nodeID : id === target;
			if (!isFor) continue;
			if (!this.#goes(nodeID, id, type)) continue;
			const payload = JSON.parse(String(data));
			const fate = this.rule({ from: sender.name, to: id, type, payload });
			if (fate === "lost") continue;
			const delay = fate ?? this.#delay(nodeID, id);
			const arrive = (): void => this.#arrive(id, to, { type, data, sender, sentAt });
			const leave = (): void =>
				this.#time.as(undefined, () => void this.#time.after(delay, arrive));
			this.#keepOr(leave, nodeID);
		}
	}

	#goes(from: string, to: string, type: string): boolean {
		if (this.#parted.has(pairOf(from, to))) return false;
		if (type === "EVENT" && this.isMuted(from, to)) return false;
		return [from, to].every(nodeID => this.#cuts.get(nodeID)?.isKept !== false);
	}

	/** Makes a packet go on, unless a node is cut off: then it goes on later, or never. */
	#keepOr(goOn: () => void, nodeID: string): void {
		const cut = this.#cuts.get(nodeID);
		if (cut === undefined) goOn();
		else if (cut.isKept) this.#kept.set(nodeID, [...(this.#kept.get(nodeID) ?? []), goOn]);
	}

	/** An event, or a report of one, has arrived. */
	#noteWhatWasSent(nodeID: string, { name }: VirtualProcess, data: Buffer): void {
		const { event, data: report } = JSON.parse(String(data)) as Packet["payload"];
		const isReport = event === "sse.position" && (report?.seq !== 0 || report.apart !== undefined);
		const key = `${name} > ${nodeID}`;
		if ((event === "sse.send" || isReport) && !this.#toldAt.has(key))
			this.#toldAt.set(key, this.#time.now);
	}

	#arrive(nodeID: string, to: End, { type, data, sender, sentAt }: Sent): void {
		const take = (): void => {
			if (!to.transporter.connected) return;
			// That a process has left does not say what it has sent.
			for (const at of type === "DISCONNECT" ? [] : [nodeID, ""]) {
				const heardAt = Math.max(sentAt, this.heardAt(sender, at));
				this.#heardAt.set(`${sender.name} > ${at}`, heardAt);
			}
			this.#noteWhatWasSent(nodeID, sender, data);
			void to.transporter.receive(type, data);
		};
		const come = (): void => {
			// Nobody reads what arrived for a process that is gone.
			if (to.process.isDead || this.#ends.get(nodeID) !== to) return;
			if (to.process.isSuspended) to.inbox.push(take);
			else this.#time.as(to.process, take);
		};
		this.#keepOr(come, nodeID);
	}

	#reconnect(nodeID: string, end: End): void {
		const { transporter } = end;
		if (this.#ends.get(nodeID) !== end || this.refuses(nodeID) || transporter.connected) return;
		void transporter.onConnected(true);
	}

	#delay(from: string, to: string): number {
		const name = `${from} > ${to}`;
		let random = this.#links.get(name);
		if (random === undefined) {
			random = new Random(`${this.#seed} ${name}`);
			this.#links.set(name, random);
		}
		return 1 + random.below(random.next() < SLOW_PART ? SLOW : FAST);
	}
}

function pairOf(one: string, other: string): string {
	return [one, other].sort().join(" ");
}

/** Moleculer's path to a {@link Network}. */
export class VirtualTransporter extends Transporters.Base {
	readonly #network: Network;
	readonly #process: VirtualProcess;
	declare readonly nodeID: string;

	constructor(network: Network, process: VirtualProcess) {
		super({});
		this.#network = network;
		this.#process = process;
		this.hasBuiltInBalancer = true;
	}

	override async connect(): Promise<void> {
		// Moleculer tries again.
		if (this.#network.refuses(this.nodeID)) throw new Error("connection refused");
		this.#network.join(this.#process, this);
		await this.onConnected();
	}

	override async disconnect(): Promise<void> {
		this.connected = false;
		this.#network.leave(this);
	}

	override async subscribe(): Promise<void> {}

	override async subscribeBalancedRequest(): Promise<void> {}

	override async subscribeBalancedEvent(): Promise<void> {}

	override async send(
		_topic: string,
		data: Buffer,
		{ packet }: { packet: { type: string; target?: string | null } }
	): Promise<void> {
		this.#network.carry(this, packet.type, packet.target ?? null, data);
	}
}
