import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { freePort } from "../support/ports.ts";
import { type RunningProcess, spawnNode } from "../support/process.ts";
import type { RabbitMq } from "../support/rabbitmq.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import type { Sent } from "./checker.ts";
import { Client } from "./clients.ts";

export type Bus = "stream" | "default";

export interface StageOptions {
	readonly bus: Bus;
	/** Running; it stays when the stage stops. */
	readonly rabbitmq: RabbitMq;
	/** Path of nginx. */
	readonly nginx: string;
	/** Of the stream; default the product's. */
	readonly maxBytes?: number;
}

/** How a scenario's events are sent. */
export interface Sending {
	/** Events a second, of both senders together. */
	readonly rate: number;
	readonly sessions: number;
	/** Bytes that each event is longer by. */
	readonly padding?: number;
	readonly throwError?: boolean;
}

/** What became of the events: those that went, and how many did not. */
export interface Posted {
	readonly sent: readonly (readonly Sent[])[];
	/** Of which their senders were told that they did not go. */
	readonly rejected: number;
	/** Of which their senders were told that this is not known. */
	readonly unsure: number;
}

/** A process of a scenario, and its way to RabbitMQ. */
export interface StageNode {
	readonly nodeID: string;
	readonly proxy: TcpProxy;
	process: RunningProcess;
}

/** Of the gateways, which keep their ports when they are started again. */
export interface StageGateway extends StageNode {
	readonly port: number;
}

const SCRIPTS = {
	gateway: fileURLToPath(new URL("./nodes/gateway.ts", import.meta.url)),
	sender: fileURLToPath(new URL("./nodes/sender.ts", import.meta.url))
};
/** Milliseconds that a node may take to start, and RabbitMQ to confirm what is under way. */
const PATIENCE = 60_000;

/** Lines of a node's output. */
const SHOWN = 15;

/** Two gateways behind nginx, two senders, a RabbitMQ; each node reaches it through a proxy of its own. */
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

	private constructor(options: StageOptions) {
		this.#options = options;
		this.bus = options.bus;
		this.rabbitmq = options.rabbitmq;
	}

	static async start(options: StageOptions): Promise<Stage> {
		const stage = new Stage(options);
		try {
			for (const nodeID of ["gateway-1", "gateway-2"]) {
				const port = await freePort();
				const proxy = await stage.#proxy();
				const process = await stage.#spawn("gateway", nodeID, proxy, { PORT: String(port) });
				stage.gateways.push({ nodeID, port, proxy, process });
			}
			for (const nodeID of ["sender-1", "sender-2"]) {
				const proxy = await stage.#proxy();
				const process = await stage.#spawn("sender", nodeID, proxy);
				stage.senders.push({ nodeID, proxy, process });
			}
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
		// a replay may reach back: events of each scenario have a name of their own
		this.#run++;
		const clients = Array.from(
			{ length: count },
			(_, index) => new Client(this.url, `s${index}`, this.#eventName)
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

	/** Has both senders send while something happens. */
	async sendDuring(sending: Sending, happen: () => Promise<void>): Promise<Posted> {
		const run = this.#run;
		const { rate, sessions, padding = 0, throwError = false } = sending;
		const words = `${rate / this.senders.length} ${sessions} ${padding} ${throwError}`;
		for (const { nodeID, process } of this.senders) {
			process.write(`start ${nodeID}.${run} ${this.#eventName} ${words}\n`);
		}
		await happen();
		const attempts = await Promise.all(
			this.senders.map(async ({ nodeID, process }) => {
				const file = join(this.#folder.path, `${nodeID}.${run}.json`);
				process.write(`stop ${file}\n`);
				await process.waitFor(new RegExp(`done ${nodeID}\\.${run}\n`), PATIENCE);
				return JSON.parse(readFileSync(file, "utf8")) as (Sent & { outcome: string })[];
			})
		);
		const count = (outcome: string) =>
			attempts.flat().filter(attempt => attempt.outcome === outcome).length;
		return {
			sent: attempts.map(list => list.filter(({ outcome }) => outcome !== "rejected")),
			rejected: count("rejected"),
			unsure: count("unsure")
		};
	}

	/** Ends a gateway, at once or in order, and starts it again after a while. */
	async restart(
		gateway: StageGateway,
		{ grace = 0, away = 0 }: { grace?: number; away?: number } = {}
	): Promise<void> {
		await gateway.process.stop(grace);
		await sleep(away);
		const { nodeID, proxy, port } = gateway;
		gateway.process = await this.#spawn("gateway", nodeID, proxy, { PORT: String(port) });
	}

	async stop(): Promise<void> {
		for (const { process } of [...this.senders, ...this.gateways]) await process.stop();
		await this.#nginx?.stop();
		for (const proxy of this.#proxies) await proxy.close();
		await this.#folder.remove();
	}

	/** What the nodes have said last, for people. */
	get output(): string {
		const tail = (text: string) => text.trimEnd().split("\n").slice(-SHOWN).join("\n");
		const nodes = [...this.gateways, ...this.senders];
		return nodes.map(({ nodeID, process }) => `--- ${nodeID}\n${tail(process.output)}`).join("\n");
	}

	get #eventName(): string {
		return `scenario-${this.#run}`;
	}

	async #proxy(): Promise<TcpProxy> {
		const proxy = await startTcpProxy(Number(new URL(this.rabbitmq.url).port));
		this.#proxies.push(proxy);
		return proxy;
	}

	async #spawn(
		kind: keyof typeof SCRIPTS,
		nodeID: string,
		proxy: TcpProxy,
		env: Record<string, string> = {}
	): Promise<RunningProcess> {
		const url = new URL(this.rabbitmq.url);
		url.port = String(proxy.port);
		const { maxBytes } = this.#options;
		const process = spawnNode(SCRIPTS[kind], [], {
			env: {
				...env,
				AMQP_URL: url.href,
				NAMESPACE: this.#namespace,
				NODE_ID: nodeID,
				STREAM: this.bus === "stream" ? `sse-${this.#namespace}` : "",
				MAX_BYTES: maxBytes === undefined ? "" : String(maxBytes)
			}
		});
		await process.waitFor(kind === "gateway" ? /listening/ : /ready/, PATIENCE);
		return process;
	}
}
