import { Child } from "../process/child.ts";
import type { GatewayQuestions } from "./gateway-node.ts";
import type { NodeOptions } from "./node-options.ts";
import type { SenderQuestions } from "./sender-node.ts";

const GATEWAY = new URL("./gateway-node.ts", import.meta.url);
const SENDER = new URL("./sender-node.ts", import.meta.url);
/** Milliseconds for the nodes to hear of each other. */
const MEETING = 30_000;

export type Bus = "moleculer" | "stream";

export const BUSES: readonly Bus[] = ["moleculer", "stream"];

export const BUS_TITLES: Readonly<Record<Bus, string>> = {
	moleculer: "Moleculer's broadcast (AMQP)",
	stream: "RabbitMQ stream"
};

/** One sender and its gateways, each a process of its own. */
export interface Cluster {
	readonly sender: Child<SenderQuestions>;
	readonly gateways: readonly Child<GatewayQuestions>[];
	/** Suspends the gateways, so that they take neither cores nor caches; or resumes them. */
	still(isStill: boolean): void;
	stop(): Promise<void>;
}

/** Starts a cluster that shares only the RabbitMQ with others. */
export async function startCluster(amqpUrl: string, bus: Bus, gateways: number): Promise<Cluster> {
	const namespace = crypto.randomUUID();
	const stream = bus === "stream" ? `bench.${namespace}` : null;
	const nodes: Child<Record<string, never>>[] = [];
	const start = async (script: URL, nodeID: string) => {
		const options: NodeOptions = { nodeID, namespace, amqpUrl, stream };
		const child = await Child.start<Record<string, never>>(script, {
			args: [JSON.stringify(options)]
		});
		nodes.push(child);
		return child as unknown;
	};
	const stop = async () => {
		await Promise.all(nodes.map(node => node.stop()));
	};
	try {
		const started: Child<GatewayQuestions>[] = [];
		for (let n = 1; n <= gateways; n++) {
			started.push((await start(GATEWAY, `gateway-${n}`)) as Child<GatewayQuestions>);
		}
		const sender = (await start(SENDER, "sender")) as Child<SenderQuestions>;
		await within(MEETING, sender.ask("knows", gateways));
		const still = (isStill: boolean) => {
			for (const gateway of started) gateway.signal(isStill ? "SIGSTOP" : "SIGCONT");
		};
		return { sender, gateways: started, still, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

async function within(time: number, promise: Promise<void>): Promise<void> {
	const { promise: late, reject } = Promise.withResolvers<void>();
	const timer = setTimeout(() => reject(new Error("the nodes did not meet")), time);
	await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
