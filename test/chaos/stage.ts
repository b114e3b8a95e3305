import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { eventually } from "../support/eventually.ts";
import { type Nginx, startNginx } from "../support/processes/nginx.ts";
import { freePort } from "../support/processes/ports.ts";
import type { RunningProcess } from "../support/processes/process.ts";
import { startTcpProxy, type TcpProxy } from "../support/processes/tcp-proxy.ts";
import type { RabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { type Posted, postedBy, readAttempts } from "./attempts.ts";
import { Client } from "./clients.ts";
import { PATIENCE, type StageGateway, type StageNode, startNode } from "./stage-node.ts";

export type Bus = "stream" | "default";

export interface StageOptions {
	readonly bus: Bus;
	/** Running; it stays when the stage stops. */
	readonly rabbitmq: RabbitMq;
	/** Path of nginx. */
	readonly nginx: string;
	/** Of the RabbitMQ stream; default the product's. */
	readonly maxBytes?: number;
	/** Whether all nodes have metrics, for Prometheus. */
	readonly observed?: boolean;
	/** Options of the gateways that differ from the suite's. */
	readonly gatewayOptions?: object;
}

/** How a scenario's events are sent. */
export interface Sending {
	/** Events per second, of both senders together. */
	readonly rate: number;
	readonly sessions: number;
	/** Bytes by which each event is longer. */
	readonly padding?: number;
	readonly throwError?: boolean;
}

/** Milliseconds that a sender may take to end gracefully. */
const GRACE = 20_000;

/** Lines of a node's output. */
const SHOWN = 15;

/** Two gateways behind nginx, two senders, and a RabbitMQ, which each node reaches through a proxy of its own. */
export class Stage {
	readonly bus: Bus;
	readonly rabbitmq: RabbitMq;
	readonly gateways: StageGateway[] = [];
	readonly senders: StageNode[] = [];
	readonly #options: StageOptions;
	readonly #namespace: string = crypto.randomUUID();
	readonly #folder: TempFolder = tempFolder("chaos");
	readonly #proxies: TcpProxy[] = [];
	#nginx: Nginx | undefined;
	#run = 0;
	/** How events are sent, while they are. */
	#sending: Sending | undefined;

	private constructor(options: StageOptions) {
		this.#options = options;
		this.bus = options.bus;
		this.rabbitmq = options.rabbitmq;
	}

	static async start(options: StageOptions): Promise<Stage> {
		const stage = new Stage(options);
		try {
			const gateways = ["gateway-1", "gateway-2"].map(nodeID => stage.#gateway(nodeID));
			stage.gateways.push(...(await Promise.all(gateways)));
			const senders = ["sender-1", "sender-2"].map(nodeID => stage.#sender(nodeID));
			stage.senders.push(...(await Promise.all(senders)));
			const ports = stage.gateways.map(({ port }) => port);
			stage.#nginx = await startNginx(options.nginx, ports);
		} catch (error) {
			await stage.stop();
			throw error;
		}
		return stage;
	}

	/** Where clients go: to nginx, which chooses. */
	get url(): string {
		return this.#nginx?.url ?? "";
	}

	/** Clients of sessions `s0`, `s1`, …, connected, for what is sent next. */
	async clients(count: number): Promise<Client[]> {
		// a replay may reach back, so the events of each scenario have a name of their own
		this.#run++;
		const clients = Array.from(
			{ length: count },
			(_, index) => new Client(this.url, `s${index}`, this.eventName)
		);
		await this.untilOpen(clients);
		return clients;
	}

	async untilOpen(clients: readonly Client[]): Promise<void> {
		const allOpen = () => {
			const closed = clients.filter(client => !client.isOpen).length;
			if (closed > 0) throw new Error(`${closed} of ${clients.length} clients have no stream`);
		};
		await eventually(allOpen, { timeout: PATIENCE, interval: 50 });
	}

	/** Makes both senders send while something happens. */
	async sendDuring(sending: Sending, happen: () => Promise<void>): Promise<Posted> {
		this.#sending = sending;
		for (const sender of this.senders) this.#startSending(sender);
		await happen();
		this.#sending = undefined;
		for (const { process } of this.senders) process.write("stop\n");
		const attempts = this.senders.map(async sender => {
			await sender.process.waitFor(new RegExp(`done ${this.#nameOf(sender)}\n`), PATIENCE);
			return readAttempts(this.#fileOf(sender));
		});
		return postedBy(await Promise.all(attempts));
	}

	/** Ends a gateway, at once or gracefully, and starts it again after a while. */
	async restart(
		gateway: StageGateway,
		{ grace = 0, away = 0 }: { grace?: number; away?: number } = {}
	): Promise<void> {
		await gateway.process.stop(grace);
		await sleep(away);
		const { nodeID, proxy, metrics, port } = gateway;
		gateway.process = await this.#spawn("gateway", nodeID, proxy, metrics, port);
	}

	/** Kills a sender, or ends it gracefully, and starts it again: it continues with the next number. */
	async restartSender(
		sender: StageNode,
		{ kill = false, away = 0 }: { kill?: boolean; away?: number } = {}
	): Promise<void> {
		if (kill) sender.process.kill("SIGKILL");
		await sender.process.stop(GRACE);
		await sleep(away);
		sender.process = await this.#spawn("sender", sender.nodeID, sender.proxy, sender.metrics);
		this.#startSending(sender);
	}

	/** Suspends a node, with all its connections open. */
	async suspend({ process }: StageNode, time: number): Promise<void> {
		process.kill("SIGSTOP");
		await sleep(time);
		process.kill("SIGCONT");
	}

	/** Deletes what gateways read: the RabbitMQ stream, or, on the default bus, the queue of one gateway's events. */
	async deleteSource({ nodeID }: StageGateway): Promise<void> {
		const connection = await connect(this.rabbitmq.url);
		const channel = await connection.createChannel();
		const queue = `MOL-${this.#namespace}.EVENT.${nodeID}`;
		await channel.deleteQueue(this.bus === "stream" ? this.#streamName : queue);
		await connection.close();
	}

	async stop(): Promise<void> {
		await Promise.all([...this.senders, ...this.gateways].map(({ process }) => process.stop()));
		await this.#nginx?.stop();
		for (const proxy of this.#proxies) await proxy.close();
		await this.#folder.remove();
	}

	/** The nodes' last output, for people. */
	get output(): string {
		const tail = (text: string) => text.trimEnd().split("\n").slice(-SHOWN).join("\n");
		const nodes = [...this.gateways, ...this.senders];
		return nodes.map(({ nodeID, process }) => `--- ${nodeID}\n${tail(process.output)}`).join("\n");
	}

	get #streamName(): string {
		return `sse-${this.#namespace}`;
	}

	/** Of a sender's events of this scenario. */
	#nameOf({ nodeID }: StageNode): string {
		return `${nodeID}.${this.#run}`;
	}

	#fileOf(sender: StageNode): string {
		return join(this.#folder.path, `${this.#nameOf(sender)}.jsonl`);
	}

	#startSending(sender: StageNode): void {
		if (this.#sending === undefined) return;
		const { rate, sessions, padding = 0, throwError = false } = this.#sending;
		const file = this.#fileOf(sender);
		const first = (readAttempts(file).at(-1)?.n ?? 0) + 1;
		const what = `${file} ${this.#nameOf(sender)} ${first} ${this.eventName}`;
		const how = `${rate / this.senders.length} ${sessions} ${padding} ${throwError}`;
		sender.process.write(`start ${what} ${how}\n`);
	}

	/** Of the events of this scenario. */
	get eventName(): string {
		return `scenario-${this.#run}`;
	}

	async #proxy(): Promise<TcpProxy> {
		const proxy = await startTcpProxy(Number(new URL(this.rabbitmq.url).port));
		this.#proxies.push(proxy);
		return proxy;
	}

	async #gateway(nodeID: string): Promise<StageGateway> {
		const port = await freePort();
		const [proxy, metrics] = [await this.#proxy(), await this.#metricsPort()];
		const process = await this.#spawn("gateway", nodeID, proxy, metrics, port);
		return { nodeID, port, proxy, metrics, process };
	}

	async #sender(nodeID: string): Promise<StageNode> {
		const [proxy, metrics] = [await this.#proxy(), await this.#metricsPort()];
		return { nodeID, proxy, metrics, process: await this.#spawn("sender", nodeID, proxy, metrics) };
	}

	async #metricsPort(): Promise<number | undefined> {
		return this.#options.observed ? freePort() : undefined;
	}

	#spawn(
		kind: "gateway" | "sender",
		nodeID: string,
		proxy: TcpProxy,
		metrics: number | undefined,
		port?: number
	): Promise<RunningProcess> {
		const url = new URL(this.rabbitmq.url);
		url.port = String(proxy.port);
		return startNode({
			kind,
			nodeID,
			url: url.href,
			namespace: this.#namespace,
			stream: this.bus === "stream" ? this.#streamName : undefined,
			maxBytes: this.#options.maxBytes,
			metrics,
			gatewayOptions: this.#options.gatewayOptions,
			...(port !== undefined && { port })
		});
	}
}
