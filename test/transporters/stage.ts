import type { Sent } from "../chaos/log.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/processes/ports.ts";
import { startTcpProxy, type TcpProxy } from "../support/processes/tcp-proxy.ts";
import { Host } from "./host.ts";
import type { NodePlan, Sending } from "./nodes/plan.ts";
import { openingOf } from "./probe.ts";
import type { Server } from "./servers/server.ts";
import { type Role, StageNode } from "./stage-node.ts";
import { TRANSPORTER, type Transporter, type TransporterName } from "./transporters.ts";
import type { Variant } from "./variants.ts";

/** What a stage consists of. */
export interface Setup {
	readonly transporter: TransporterName;
	readonly variant: Variant;
	/** Folders of the Moleculer releases that gateways and senders run on. */
	readonly releases: { readonly gateway: string; readonly sender: string };
	/** Already started, of the kinds that transporter and discoverer need. */
	readonly server?: Server | undefined;
	readonly discoverer?: Server | undefined;
	/** Further options of the brokers. */
	readonly broker?: Partial<Record<Role, Readonly<Record<string, unknown>>>>;
}

/** Milliseconds within which nodes have met, or met again. */
const MEETING = 60_000;

/** Gateways and senders of one cluster; if there is a server, each reaches it through a proxy of its own. */
export class Stage {
	readonly transporter: Transporter;
	readonly gateways: StageNode[] = [];
	readonly senders: StageNode[] = [];
	readonly server: Server | undefined;
	readonly #setup: Setup;
	readonly #namespace: string = crypto.randomUUID();
	readonly #hosts: Host[] = [];
	readonly #proxies: TcpProxy[] = [];
	/** The port by which nodes without a server find each other. */
	#meetingPort = 0;
	/** The host of all nodes, if they live in one process. */
	#common: Promise<Host> | undefined;

	private constructor(setup: Setup) {
		this.#setup = setup;
		this.transporter = TRANSPORTER[setup.transporter];
		this.server = setup.server;
	}

	/** Two gateways and two senders that know each other; or the one node that is all of them. */
	static async start(setup: Setup): Promise<Stage> {
		const stage = new Stage(setup);
		try {
			stage.#meetingPort = await freePort();
			if (stage.transporter.shape === "alone") {
				const node = await stage.add("gateway", "node-1");
				stage.gateways.push(node);
				stage.senders.push(node);
			} else {
				const add = (role: Role, nodeID: string) => stage.add(role, nodeID);
				const [one, two, three, four] = await Promise.all([
					...[add("gateway", "gateway-1"), add("gateway", "gateway-2")],
					...[add("sender", "sender-1"), add("sender", "sender-2")]
				]);
				stage.gateways.push(one as StageNode, two as StageNode);
				stage.senders.push(three as StageNode, four as StageNode);
			}
			await stage.untilMet();
			await stage.#untilHearing();
		} catch (error) {
			const log = stage.log;
			await stage.stop();
			(error as Error).message += `\n${log}`;
			throw error;
		}
		return stage;
	}

	/** Whether nodes can be cut off from each other. */
	get canCut(): boolean {
		return this.transporter.shape === "server" || this.transporter.shape === "peers";
	}

	/** Prepares a node and starts it. It is not one of `gateways` and `senders`. */
	async add(role: Role, nodeID: string, more: Partial<NodePlan> = {}): Promise<StageNode> {
		const node = await this.prepare(role, nodeID);
		await this.start(node, more);
		return node;
	}

	/** A process for a node, which is not started yet. */
	async prepare(role: Role, nodeID: string): Promise<StageNode> {
		const { variant, server, discoverer, broker = {} } = this.#setup;
		const proxies: TcpProxy[] = [];
		const through = async (to: Server): Promise<number> => {
			const proxy = await startTcpProxy(to.port);
			proxies.push(proxy);
			this.#proxies.push(proxy);
			return proxy.port;
		};
		const transporter = this.transporter.option(server ? await through(server) : this.#meetingPort);
		const registry = variant.discoverer &&
			discoverer && { discoverer: variant.discoverer.option(await through(discoverer)) };
		const options = {
			namespace: this.#namespace,
			transporter,
			...variant.broker,
			...(registry && { registry }),
			...broker[role]
		};
		const port = role === "gateway" ? await freePort() : undefined;
		const host = await this.#hostFor(role);
		return new StageNode({ nodeID, role, port, proxies, broker: options }, host);
	}

	/** Starts a node, or restarts one that was stopped or killed, with what it sends in `started`. */
	async start(node: StageNode, more: Partial<NodePlan> = {}): Promise<readonly Sent[]> {
		if (node.host.process.ended !== null) node.host = await this.#hostFor(node.role);
		const { nodeID, port, broker } = node;
		const { packets } = this.#setup.variant;
		const plan: NodePlan = {
			...{ nodeID, broker },
			...(packets && { packets }),
			...(port !== undefined && { port }),
			...more
		};
		return node.host.ask("start", plan);
	}

	/** Stops a node gracefully; its process ends with it, unless other nodes live there. At most `grace` ms. */
	async end(node: StageNode, grace = 10_000): Promise<void> {
		if (node.host !== (await this.#common)) return node.host.stop(grace);
		await node.host.ask("stop", { nodeID: node.nodeID });
	}

	/** Until every sender knows every gateway, and every gateway every sender; including the given nodes. */
	async untilMet(more: readonly StageNode[] = [], timeout: number = MEETING): Promise<void> {
		const nodes = [...new Set([...this.gateways, ...this.senders, ...more])];
		await eventually(
			async () => {
				for (const node of nodes) {
					const { gateways, peers } = await node.state();
					const known = new Set([...gateways, ...peers]);
					const missing = nodes
						.filter(other => other !== node && other.role !== node.role)
						.filter(({ nodeID, role }) =>
							role === "gateway" ? !gateways.includes(nodeID) : !known.has(nodeID)
						);
					const names = missing.map(({ nodeID }) => nodeID);
					if (names.length > 0) throw new Error(`${node.nodeID} does not know ${names}`);
				}
			},
			{ timeout, interval: 100 }
		);
	}

	/** Until the gateways know that the senders know them: ids are given from then on. */
	async #untilHearing(): Promise<void> {
		await eventually(
			async () => {
				for (const { nodeID, url } of this.gateways) {
					const { degraded = false } = await openingOf(url);
					if (degraded) throw new Error(`${nodeID} is degraded`);
				}
			},
			{ timeout: MEETING, interval: 100 }
		);
	}

	/** Makes a node send; see `Sending`. */
	send({ host, nodeID }: StageNode, sending: Sending): Promise<readonly Sent[]> {
		return host.ask("send", { nodeID, sending }, sending.every * sending.count + MEETING);
	}

	async stop(): Promise<void> {
		await Promise.all(this.#hosts.map(host => host.stop(1000)));
		await Promise.all(this.#proxies.map(proxy => proxy.close()));
	}

	/** The nodes' last log lines, for people. */
	get log(): string {
		return this.#hosts.map((host, at) => `--- process ${at + 1}\n${host.log}`).join("\n");
	}

	async #hostFor(role: Role): Promise<Host> {
		if (this.transporter.shape === "inside" && this.#common !== undefined) return this.#common;
		const starting = Host.start(this.#setup.releases[role]);
		if (this.transporter.shape === "inside") this.#common = starting;
		const host = await starting;
		this.#hosts.push(host);
		return host;
	}
}
