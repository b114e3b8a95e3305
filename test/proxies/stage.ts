import { fileURLToPath } from "node:url";
import { ServiceBroker } from "moleculer";
import { SseMiddleware } from "../../mixins/sse/index.ts";
import { type RunningProcess, spawnNode } from "../support/processes/process.ts";

const GATEWAY = fileURLToPath(new URL("./nodes/gateway.ts", import.meta.url));

/** What every stream listens to. */
export const EVENT = "tick";
/** Milliseconds between two events: long enough for a proxy to hold each of them back alone. */
const BETWEEN = 100;

/** What an event carries. */
export interface Tick {
	/** Counts from 0. */
	readonly n: number;
	/** When it was sent, in milliseconds since 1970. */
	readonly at: number;
}

/** Where a gateway listens, also after restarts. */
export interface Address {
	readonly host: string;
	readonly port: number;
}

/** A gateway in a process of its own, which can be ended and started again. */
export class StageGateway {
	readonly address: Address;
	readonly #env: Record<string, string>;
	#process: RunningProcess | null = null;

	constructor(address: Address, env: Record<string, string>) {
		this.address = address;
		this.#env = { ...env, HOST: address.host, PORT: String(address.port) };
	}

	async start(): Promise<void> {
		this.#process = spawnNode(GATEWAY, [], { env: this.#env });
		await this.#process.waitFor(/listening/, 60_000);
	}

	/** Gracefully (SIGTERM), like a deployment, or by SIGKILL, like a crash. */
	async end(how: "stop" | "kill"): Promise<void> {
		await this.#process?.stop(how === "stop" ? 30_000 : 0);
		this.#process = null;
	}

	/** How many streams it has open. */
	async streams(): Promise<number> {
		const { host, port } = this.address;
		const response = await fetch(`http://${host}:${port}/api/streams`);
		return Number(await response.text());
	}
}

/** Gateways on a RabbitMQ stream, and a sender that numbers its events. */
export class Stage {
	readonly gateways: readonly StageGateway[];
	readonly #sender: ServiceBroker;
	#timer: NodeJS.Timeout | undefined;
	#next = 0;

	constructor(amqpUrl: string, addresses: readonly Address[]) {
		const namespace = `proxies-${crypto.randomUUID()}`;
		const env = { AMQP_URL: amqpUrl, NAMESPACE: namespace };
		this.gateways = addresses.map(
			(address, at) => new StageGateway(address, { ...env, NODE_ID: `gateway-${at + 1}` })
		);
		this.#sender = new ServiceBroker({
			namespace,
			nodeID: "sender",
			logger: false,
			middlewares: [SseMiddleware({ stream: { url: amqpUrl } })]
		});
	}

	/** Everything is up, and nothing has been sent yet. */
	async start(): Promise<void> {
		await this.#sender.start();
		await Promise.all(this.gateways.map(gateway => gateway.start()));
	}

	/** Number of the next event, from 0. */
	get next(): number {
		return this.#next;
	}

	/** Sends from now on, until {@link quiet}. */
	send(): void {
		this.#timer ??= setInterval(() => {
			const payload: Tick = { n: this.#next++, at: Date.now() };
			this.#sender.broadcast("sse.send", { eventName: EVENT, sessionId: "*", payload });
		}, BETWEEN);
	}

	quiet(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	async stop(): Promise<void> {
		this.quiet();
		await Promise.all(this.gateways.map(gateway => gateway.end("kill")));
		await this.#sender.stop();
	}
}
