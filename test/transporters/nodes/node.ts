import moleculer, { type Middleware, ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { busState, SseMiddleware, SseMixin } from "../../../mixins/sse/index.ts";
import type { Sent } from "../../chaos/log.ts";
import type { NodePlan, NodeState, PacketMiddleware } from "./plan.ts";
import { send } from "./sender.ts";

// Moleculer's types lack them
const { Middlewares } = moleculer as unknown as {
	readonly Middlewares: {
		readonly Transmit: Readonly<Record<PacketMiddleware, (...options: unknown[]) => Middleware>>;
	};
};

/** For Moleculer's packets. Short ones stay as they are, so that large packets and small ones overtake each other. */
const PACKETS: Readonly<Record<PacketMiddleware, () => Middleware>> = {
	Compression: () => Middlewares.Transmit.Compression({ method: "deflate", threshold: "512b" }),
	// key and vector have the lengths that the cipher requires
	Encryption: () => Middlewares.Transmit.Encryption("k".repeat(32), "aes-256-cbc", "v".repeat(16))
};

/** A node of the cluster: a broker with the middleware, and a gateway if its plan has a port. */
export class HostedNode {
	readonly broker: ServiceBroker;
	readonly port: number | undefined;
	/** What its service sent in `started`. */
	readonly greeted: Sent[] = [];

	constructor({ nodeID, broker: options, packets = [], port, greeting }: NodePlan) {
		this.port = port;
		this.broker = new ServiceBroker({
			nodeID,
			logLevel: "warn",
			...options,
			middlewares: [SseMiddleware(), ...packets.map(name => PACKETS[name]())]
		});
		this.#createGateway();
		if (greeting === undefined) return;
		const { broker, greeted } = this;
		this.broker.createService({
			name: "greeter",
			async started() {
				greeted.push(...(await send(broker, greeting)));
			}
		});
	}

	/** Destroys the gateway's service and creates it again, like a hot reload. */
	async reload(): Promise<void> {
		const service = this.broker.getLocalService("api");
		await this.broker.destroyService(service);
		this.#createGateway();
		await this.broker.waitForServices("api");
	}

	get state(): NodeState {
		const { registry, nodeID } = this.broker;
		const { connected = false, working = false } = busState(this.broker) ?? {};
		const endpoints: { id: string }[] = registry.events.getAllEndpoints("sse.send");
		const nodes: { id: string; available: boolean }[] = registry.nodes.toArray();
		const peers = nodes.filter(({ id, available }) => available && id !== nodeID);
		return {
			connected,
			working,
			gateways: [...new Set(endpoints.map(({ id }) => id))],
			peers: peers.map(({ id }) => id)
		};
	}

	#createGateway(): void {
		if (this.port === undefined) return;
		this.broker.createService({
			name: "api",
			mixins: [SseMixin({ retry: [50, 200], heartbeat: 1000, drain: 0 }), ApiGateway],
			settings: { port: this.port, ip: "127.0.0.1" }
		});
	}
}
