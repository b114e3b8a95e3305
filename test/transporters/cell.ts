import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../chaos/clients.ts";
import type { Sent } from "../chaos/log.ts";
import { eventually } from "../support/eventually.ts";
import type { Sending } from "./nodes/plan.ts";
import { openingOf } from "./probe.ts";
import type { Stage } from "./stage.ts";
import type { StageNode } from "./stage-node.ts";
import { assess, type CellVerdict, type Watched } from "./verdict.ts";

/** Milliseconds. */
export interface Patience {
	/** Within which everything that was sent has been delivered or reported. */
	readonly within: number;
	/** After which nothing more is expected. */
	readonly quiet: number;
}

export const CALM: Patience = { within: 20_000, quiet: 1000 };
const OPENING = 30_000;

/** How events are sent; the default is one event, to everyone. */
export interface How {
	readonly count?: number;
	readonly to?: readonly string[];
	readonly every?: number;
	readonly padding?: readonly number[];
}

interface CellClient extends Watched {
	readonly client: Client;
	mayBeReset: boolean;
}

/** One scenario on one stage: its clients, what was sent to them, and what turned out to be untrue. */
export class Cell {
	readonly stage: Stage;
	readonly eventName: string;
	/** How long a loss may go unreported. */
	readonly within: number;
	/** What was claimed of the bus, or done, and is not so; in words. */
	readonly untruths: string[] = [];
	readonly #clients: CellClient[] = [];
	readonly #sent = new Map<string, Sent[]>();

	constructor(stage: Stage, eventName: string, within: number) {
		this.stage = stage;
		this.eventName = eventName;
		this.within = within;
	}

	/** Gateways and senders by their number; if there is only one node, it is all of them. */
	gateway(at: 0 | 1): StageNode {
		return this.stage.gateways[at] ?? (this.stage.gateways[0] as StageNode);
	}

	sender(at: 0 | 1): StageNode {
		return this.stage.senders[at] ?? (this.stage.senders[0] as StageNode);
	}

	/** Opens a stream for each session at a gateway; resolves when all are open. */
	async open(gateway: StageNode, ...sessions: readonly string[]): Promise<Client[]> {
		const opened = sessions.map(session => {
			const client = new Client(gateway.url, session, this.eventName);
			this.#clients.push({ client, log: client.log, mayBeReset: false });
			return client;
		});
		await this.untilOpen(opened);
		return opened;
	}

	async untilOpen(clients: readonly Client[]): Promise<void> {
		await eventually(
			() => {
				if (!clients.every(client => client.isOpen)) throw new Error("clients have no stream");
			},
			{ timeout: OPENING, interval: 20 }
		);
	}

	/** It may be reset even if it has missed nothing. */
	excuse(...clients: readonly Client[]): void {
		for (const entry of this.#clients) {
			if (clients.includes(entry.client)) entry.mayBeReset = true;
		}
	}

	get clients(): readonly Client[] {
		return this.#clients.map(({ client }) => client);
	}

	/** Makes nodes send, at the same time; resolves when everything has been sent. */
	async send(senders: readonly StageNode[], how: How = {}): Promise<void> {
		await Promise.all(senders.map(sender => this.#sendBy(sender, how)));
	}

	/** What a node sends when it starts, numbered on. */
	greetingOf({ nodeID }: StageNode, count: number): Sending {
		const first = this.#sequenceOf(nodeID).length + 1;
		return { from: nodeID, first, count, eventName: this.eventName, to: ["*"], every: 0 };
	}

	note(nodeID: string, sent: readonly Sent[]): void {
		this.#sequenceOf(nodeID).push(...sent);
	}

	/**
	 * Waits until everything that was sent has been delivered or reported, and nothing has arrived for a while. What is neither
	 * in time is lost silently, even if what is sent later reports it.
	 */
	async settle({ within, quiet }: Patience = CALM): Promise<void> {
		const deadline = Date.now() + within;
		while (Date.now() < deadline && this.verdict.lost > 0) await sleep(100);
		const { lost, findings } = this.verdict;
		if (lost > 0) this.untruths.push(`after ${within / 1000} s untold: ${findings[0]}`);
		let entries = -1;
		let since = Date.now();
		// what still arrives, late or wrongly, belongs to this cell; a flood of it has no end
		while (Date.now() - since < quiet && Date.now() < deadline + 10 * quiet) {
			const now = this.#clients.reduce((sum, { log }) => sum + log.entries.length, 0);
			if (now !== entries) since = Date.now();
			entries = now;
			await sleep(50);
		}
	}

	get verdict(): CellVerdict {
		return assess([...this.#sent.values()], this.#clients);
	}

	/**
	 * Records it as untrue if a gateway, or a sender, does not say that it hears the others, or that it does not.
	 *
	 * @param within Milliseconds that it may take until it says so.
	 */
	async expectHearing(
		node: StageNode,
		isHearing: boolean,
		when: string,
		within = 0
	): Promise<void> {
		const until = Date.now() + within;
		let untruths = await untruthsOf(node, isHearing);
		while (untruths.length > 0 && Date.now() < until) {
			await sleep(100);
			untruths = await untruthsOf(node, isHearing);
		}
		this.untruths.push(...untruths.map(untruth => `${when}: ${untruth}`));
	}

	close(): void {
		for (const { client } of this.#clients) client.close();
	}

	async #sendBy(sender: StageNode, { count = 1, to = ["*"], every = 10, padding }: How) {
		const { nodeID } = sender;
		const sequence = this.#sequenceOf(nodeID);
		const { eventName } = this;
		const first = sequence.length + 1;
		const shape = { from: nodeID, first, count, eventName, to, every };
		sequence.push(...(await this.stage.send(sender, { ...shape, ...(padding && { padding }) })));
	}

	#sequenceOf(nodeID: string): Sent[] {
		const sequence = this.#sent.get(nodeID) ?? [];
		this.#sent.set(nodeID, sequence);
		return sequence;
	}
}

/** What a node says of its hearing that is not so. */
async function untruthsOf(node: StageNode, isHearing: boolean): Promise<string[]> {
	const untruths: string[] = [];
	const { working } = await node.state();
	if (working !== isHearing) {
		untruths.push(`busState of ${node.nodeID} says working: ${working}`);
	}
	if (node.role !== "gateway") return untruths;
	const { degraded = false } = await openingOf(node.url);
	if (degraded === isHearing) {
		untruths.push(`sse.open of ${node.nodeID} says degraded: ${degraded}`);
	}
	return untruths;
}
