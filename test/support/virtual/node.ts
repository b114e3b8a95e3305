import { createServer } from "node:http";
import { duplexPair } from "node:stream";
import { Loggers, type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import type { Gateway } from "../../../mixins/sse/gateway/gateway.ts";
import { SseMiddleware, SseMixin } from "../../../mixins/sse/index.ts";
import { type Network, VirtualTransporter } from "./network.ts";
import type { VirtualProcess, VirtualTime } from "./time.ts";

/** Name of the event that nodes send, and pages listen to. */
export const NEWS = "news";

export interface VirtualNodeOptions {
	readonly nodeID: string;
	readonly isGateway: boolean;
	readonly time: VirtualTime;
	readonly network: Network;
	readonly process: VirtualProcess;
	/** Gets what it logs. */
	log(text: string): void;
}

type Level = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

/** Passes on the project's own warnings. */
class OwnWarnings extends Loggers.Base<{ level: Level }> {
	readonly #log: (text: string) => void;

	constructor(log: (text: string) => void) {
		super({ level: "warn" });
		this.#log = log;
	}

	override getLogHandler() {
		return (level: Level, [text, ...more]: unknown[]): void => {
			if (level !== "warn" && level !== "error") return;
			if (String(text).startsWith("SSE:")) this.#log(`${[level, text, ...more].join(" ")}`);
		};
	}
}

/** A node of a virtual cluster: a real broker, in a process of its own as far as it can tell. */
export class VirtualNode {
	readonly nodeID: string;
	readonly isGateway: boolean;
	readonly process: VirtualProcess;
	/** Milliseconds of virtual time. */
	readonly bornAt: number;
	readonly broker: ServiceBroker;
	/** Milliseconds that its services take to stop: for so long it exists without them. */
	linger = 0;
	isStopping = false;
	readonly #time: VirtualTime;
	readonly #network: Network;
	readonly #transporter: VirtualTransporter;
	readonly #service: Service | undefined;

	constructor({ nodeID, isGateway, time, network, process, log }: VirtualNodeOptions) {
		this.nodeID = nodeID;
		this.isGateway = isGateway;
		this.process = process;
		this.bornAt = time.now;
		this.#time = time;
		this.#network = network;
		this.#transporter = new VirtualTransporter(network, process);
		const made = time.as(process, () => {
			const broker = new ServiceBroker({
				nodeID,
				logger: new OwnWarnings(log),
				transporter: this.#transporter,
				internalServices: false,
				skipProcessEventRegistration: true,
				middlewares: [SseMiddleware()]
			});
			// It would measure the processors, again and again.
			broker.getCpuUsage = async () => ({ avg: 0, usages: [] });
			const lingering = { stopped: () => new Promise<void>(done => time.after(this.linger, done)) };
			broker.createService({ name: "work", ...lingering } as ServiceSchema);
			const service = isGateway ? broker.createService(gatewaySchema()) : undefined;
			return { broker, service };
		});
		this.broker = made.broker;
		this.#service = made.service;
	}

	get isAlive(): boolean {
		return !this.process.isDead;
	}

	/** Whether its services run. */
	get isUp(): boolean {
		return this.isAlive && !this.isStopping && this.broker.started;
	}

	/** Whether a process exists that could send something. */
	get canSend(): boolean {
		const isThere = this.isAlive && !this.process.isSuspended;
		return isThere && (this.isStopping || this.broker.started);
	}

	/** Its gateway, if it has one. */
	get gateway(): Gateway | undefined {
		return this.#service && Reflect.get(this.#service, Symbol.for("moleculer-sse.gateway"));
	}

	/** Whether another node's process is present, as far as its Moleculer knows. */
	knows({ nodeID, broker }: VirtualNode): boolean {
		const known = this.broker.registry.nodes.get(nodeID);
		return known?.available === true && known.instanceID === broker.instanceID;
	}

	start(): void {
		void this.#time.as(this.process, () => this.broker.start());
	}

	/** Stops gracefully. */
	async stop(): Promise<void> {
		this.isStopping = true;
		await this.#time.as(this.process, () => this.broker.stop());
		this.process.isDead = true;
	}

	/** Ends silently. */
	kill(): void {
		this.process.isDead = true;
		this.#network.leave(this.#transporter);
	}

	/** Sends something to all. @param groups Moleculer's groups that get it; default: all. */
	send(payload: unknown, groups?: string[]): void {
		const event = { eventName: NEWS, sessionId: "*", payload };
		void this.#time.as(this.process, () =>
			this.broker.broadcast("sse.send", event, groups && { groups })
		);
	}

	/** The client's end of a new connection to a gateway. */
	connect(): ReturnType<typeof duplexPair>[0] {
		const [here, there] = this.#time.as(undefined, () => duplexPair());
		const { server } = this.#service as unknown as { server: ReturnType<typeof createServer> };
		this.#time.as(this.process, () => server.emit("connection", there));
		return here;
	}
}

/** A gateway without a port: connections are passed to its server. */
function gatewaySchema(): ServiceSchema {
	return {
		name: "api",
		mixins: [
			SseMixin({ session: () => ["everybody"], retry: null, timeout: 0, drain: 200 }),
			ApiGateway
		],
		methods: {
			createServer(this: Record<string, never>) {
				const server = createServer(this.httpHandler);
				const listen = (_port: number, _ip: string, done: () => void) => done();
				const address = () => ({ address: "virtual", port: 0 });
				Object.assign(this, { server: Object.assign(server, { listen, address }) });
			}
		}
	} as unknown as ServiceSchema;
}
