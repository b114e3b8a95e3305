import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ConfirmChannel, connect as connectAmqp } from "amqplib";
import { eventually } from "../eventually.ts";
import { onTestFinished } from "../on-test-finished.ts";
import { inject } from "../provided.ts";
import { type TempFolder, tempFolder } from "../temp-folder.ts";
import { callApi } from "./example.ts";
import { type RunningProcess, spawnNode } from "./process.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const RUNNER = fileURLToPath(
	new URL("../../../node_modules/moleculer/bin/moleculer-runner.js", import.meta.url)
);

/**
 * The example's nodes, as Docker Compose runs them: processes of `moleculer-runner` that share a RabbitMQ and the folder of the
 * reports, and nothing with other tests.
 */
export class ExampleNodes {
	readonly namespace: string = crypto.randomUUID();
	/** The queue of the reports. */
	readonly queue: string = `reports.${this.namespace}`;
	readonly reports: TempFolder = tempFolder("reports");
	readonly #amqpUrl: string;
	readonly #env: Readonly<Record<string, string>>;

	/** @param env additional environment of the nodes */
	constructor(env: Record<string, string> = {}, amqpUrl: string = inject("amqpUrl")) {
		this.#env = env;
		this.#amqpUrl = amqpUrl;
		onTestFinished(() => this.reports.remove());
	}

	/** Starts a gateway, and returns its URL when it serves. */
	async gateway(nodeID: string): Promise<string> {
		const process = this.#spawn(nodeID, ["services/api.service.ts"]);
		const [, port] = await process.waitFor(/Open http:\/\/localhost:(\d+)/);
		await process.waitFor(/ServiceBroker with \d+ service/);
		return `http://127.0.0.1:${port}`;
	}

	/** Starts a node that makes reports; it knows a gateway. */
	async worker(nodeID: string): Promise<RunningProcess> {
		const process = this.#spawn(nodeID, ["services/reports.service.ts"]);
		await process.waitFor(/ServiceBroker with \d+ service/);
		return process;
	}

	/** Waits until a gateway reaches a worker. */
	async served(url: string): Promise<void> {
		await eventually(
			async () => {
				const { status } = await callApi(`${url}/api/reports`, "probe");
				if (status !== 200) throw new Error(`answered ${status}`);
			},
			{ timeout: 20_000, interval: 100 }
		);
	}

	/** Puts a message on the queue, like another program. */
	async publish(content: string): Promise<void> {
		await this.#onChannel(async channel => {
			channel.sendToQueue(this.queue, Buffer.from(content), { persistent: true });
			await channel.waitForConfirms();
		});
	}

	/** How many jobs wait in the queue. */
	waiting(): Promise<number> {
		return this.#onChannel(async channel => (await channel.checkQueue(this.queue)).messageCount);
	}

	/** How often a report was begun. */
	attempts(reportId: string): number {
		const names = readdirSync(this.reports.path);
		const own = names.find(name => name.endsWith(`-${reportId}.attempts`));
		return own === undefined ? 0 : statSync(join(this.reports.path, own)).size;
	}

	async #onChannel<T>(use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
		const connection = await connectAmqp(this.#amqpUrl);
		try {
			return await use(await connection.createConfirmChannel());
		} finally {
			await connection.close();
		}
	}

	#spawn(nodeID: string, services: readonly string[]): RunningProcess {
		const env = {
			TRANSPORTER: this.#amqpUrl,
			STREAM_URL: "",
			QUEUE_URL: "",
			NAMESPACE: this.namespace,
			NODE_ID: nodeID,
			PORT: "0",
			REPORTS_FOLDER: this.reports.path,
			...this.#env
		};
		const process = spawnNode(RUNNER, ["--config", "moleculer.config.ts", ...services], {
			cwd: ROOT,
			env
		});
		onTestFinished(() => process.stop());
		return process;
	}
}
