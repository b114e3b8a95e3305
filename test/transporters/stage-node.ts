import type { TcpProxy } from "../support/processes/tcp-proxy.ts";
import type { Host } from "./host.ts";
import type { NodeState } from "./nodes/plan.ts";

export type Role = "gateway" | "sender";

/** One node, and its path to the others. */
export class StageNode {
	readonly nodeID: string;
	readonly role: Role;
	/** Of a gateway: where it listens, over all its lives. */
	readonly port: number | undefined;
	readonly proxies: readonly TcpProxy[];
	readonly broker: Readonly<Record<string, unknown>>;
	host: Host;

	constructor(at: Pick<StageNode, "nodeID" | "role" | "port" | "proxies" | "broker">, host: Host) {
		this.nodeID = at.nodeID;
		this.role = at.role;
		this.port = at.port;
		this.proxies = at.proxies;
		this.broker = at.broker;
		this.host = host;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	state(): Promise<NodeState> {
		return this.host.ask("state", { nodeID: this.nodeID });
	}

	/** Breaks its connections, and each new one. */
	async cut(): Promise<void> {
		for (const proxy of this.proxies) proxy.down();
		if (this.proxies.length === 0) await this.host.ask("cut", undefined);
	}

	async heal(): Promise<void> {
		for (const proxy of this.proxies) proxy.up();
		// a process that has ended in between took its cut with it
		if (this.proxies.length === 0 && this.host.process.ended === null)
			await this.host.ask("heal", undefined);
	}
}
