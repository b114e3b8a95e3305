import { fileURLToPath } from "node:url";
import { startNginx } from "../support/processes/nginx.ts";
import { freePorts } from "../support/processes/ports.ts";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";
import type { RabbitMq } from "../support/rabbitmq/rabbitmq.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RUNNER = fileURLToPath(
	new URL("../../node_modules/moleculer/bin/moleculer-runner.js", import.meta.url)
);
const BUSINESS = ["notifications", "orders", "reports", "ticker"];

/** The demo as Docker Compose runs it: gateways behind nginx, a node with the other services, and RabbitMQ between them. */
export class Stage {
	/** Where the page is, on whichever gateway nginx chooses. */
	readonly url: string;
	readonly #env: Readonly<Record<string, string>>;
	readonly #ports: readonly number[];
	readonly #reports: TempFolder = tempFolder("reports");
	readonly #running: { stop(): Promise<void> }[];

	private constructor(
		url: string,
		ports: readonly number[],
		env: Readonly<Record<string, string>>,
		nginx: { stop(): Promise<void> }
	) {
		this.url = url;
		this.#ports = ports;
		this.#env = { ...env, REPORTS_FOLDER: this.#reports.path };
		this.#running = [nginx];
	}

	/** Without a gateway as yet. @param nginx its path */
	static async start(rabbitmq: RabbitMq, nginx: string): Promise<Stage> {
		const ports = await freePorts(2);
		const proxy = await startNginx(nginx, ports);
		const env = {
			TRANSPORTER: rabbitmq.url,
			STREAM_URL: rabbitmq.url,
			QUEUE_URL: "",
			METRICS_PORT: "",
			NAMESPACE: crypto.randomUUID(),
			// few prices, and a report that is still being made when the gateway is gone
			TICK_MS: "3000",
			REPORT_STEP_MS: "320"
		};
		return new Stage(proxy.url, ports, env, proxy);
	}

	/** Starts a gateway, and resolves when it serves. */
	gateway(number: 1 | 2): Promise<RunningProcess> {
		return this.#start(`gateway-${number}`, ["api"], { PORT: String(this.#ports[number - 1]) });
	}

	/** Starts the node of the other services; it needs a gateway. */
	business(): Promise<RunningProcess> {
		return this.#start("business-1", BUSINESS);
	}

	async stop(): Promise<void> {
		for (const each of this.#running.reverse()) await each.stop();
		await this.#reports.remove();
	}

	async #start(
		nodeID: string,
		services: readonly string[],
		env: Readonly<Record<string, string>> = {}
	): Promise<RunningProcess> {
		const files = services.map(name => `services/${name}.service.ts`);
		const node = spawnNode(RUNNER, ["--config", "moleculer.config.ts", ...files], {
			cwd: ROOT,
			env: { ...this.#env, NODE_ID: nodeID, ...env }
		});
		this.#running.push(node);
		await node.waitFor(/ServiceBroker with \d+ service/);
		return node;
	}
}
