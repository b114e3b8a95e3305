import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "@jest/globals";
import { type BrokerOptions, type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import { createSenderMiddleware, type MakeBus } from "../../../mixins/sse/bus/sender-middleware.ts";
import type { Gateway } from "../../../mixins/sse/gateway/gateway.ts";
import {
	type SseGateway,
	SseMiddleware,
	type SseMiddlewareOptions,
	SseMixin,
	type SseMixinOptions
} from "../../../mixins/sse/index.ts";
import { eventually } from "../eventually.ts";
import { onTestFinished } from "../on-test-finished.ts";
import { RecordedLog } from "./recorded-log.ts";

/** The order of the gateway's two mixins. */
export type MixinOrder = "sse-first" | "web-first";

export const MIXIN_ORDERS: readonly MixinOrder[] = ["sse-first", "web-first"];

export interface GatewaySetup {
	/** Name of the service; default `api`. */
	name?: string;
	/** Options of `SseMixin`. */
	sse?: SseMixinOptions;
	/** Default `sse-first`. */
	order?: MixinOrder;
	/** Settings of the service, besides its port and address. */
	settings?: Record<string, unknown>;
	/** Other parts of the service: methods, actions, … */
	schema?: Partial<ServiceSchema>;
}

export interface NodeSetup {
	/** Whether the node has `SseMiddleware`, and with which options; default true. */
	middleware?: boolean | SseMiddlewareOptions;
	/** Replaces the buses that the middleware knows. */
	makeBus?: MakeBus;
	/** Other options of the broker. */
	broker?: BrokerOptions;
	/** Services besides the gateway. */
	services?: ServiceSchema[];
}

/** A node of a cluster; its log is kept. It stops when the test ends. */
export class TestNode {
	readonly broker: ServiceBroker;
	readonly log: RecordedLog = new RecordedLog();

	constructor({ middleware = true, makeBus, broker = {}, services = [] }: NodeSetup = {}) {
		const sender =
			makeBus === undefined
				? SseMiddleware(typeof middleware === "boolean" ? {} : middleware)
				: createSenderMiddleware(
						{ limits: { eventBytes: 1_048_576, recipientsPerEvent: 0 } },
						makeBus
					);
		this.broker = new ServiceBroker({
			nodeID: "node-1",
			logger: this.log,
			// no other node has to hear of the stop before it happens
			registry: { stopDelay: 0 },
			...broker,
			middlewares: [...(middleware === false ? [] : [sender]), ...(broker.middlewares ?? [])]
		});
		for (const service of services) this.broker.createService(service);
		onTestFinished(() => this.broker.stop());
	}

	/** Sends an event as given, valid or not. Rejects if it cannot be sent. */
	send(event: unknown): Promise<unknown> {
		return this.broker.broadcast("sse.send", event, { throwError: true });
	}
}

type GatewayService = Service & SseGateway & { server: Server };

/** A gateway service, listening on a port of its own. */
export class TestGateway {
	readonly node: TestNode;
	readonly service: GatewayService;

	constructor(node: TestNode, setup: GatewaySetup = {}) {
		this.node = node;
		this.service = node.broker.createService(gatewaySchema(setup)) as GatewayService;
	}

	get broker(): ServiceBroker {
		return this.node.broker;
	}

	get log(): RecordedLog {
		return this.node.log;
	}

	/** `http://127.0.0.1:…`, or `https:` with TLS. */
	get origin(): string {
		const { port } = this.service.server.address() as AddressInfo;
		return `${"https" in this.service.settings ? "https" : "http"}://127.0.0.1:${port}`;
	}

	/** The URL of a stream of these events, at the default path. */
	url(...eventNames: string[]): string {
		return this.at("/sse/event-stream", ...eventNames);
	}

	/** The URL of a stream of these events, at any path. */
	at(path: string, ...eventNames: string[]): string {
		const query = new URLSearchParams(
			eventNames.map((name): [string, string] => ["eventName", name])
		);
		return `${this.origin}${path}?${query}`;
	}

	/** See {@link TestNode.send}. */
	send(event: unknown): Promise<unknown> {
		return this.node.send(event);
	}

	/** How much the gateway holds: open streams, sessions and names that have one, responses. */
	get held(): Record<"streams" | "sessions" | "eventNames" | "unclosed", number> {
		return held(this.service);
	}
}

/** {@link TestGateway.held} when nothing is left of any stream. */
export const NOTHING: TestGateway["held"] = { streams: 0, sessions: 0, eventNames: 0, unclosed: 0 };

/** Starts a node with a gateway. */
export async function startGateway(setup: GatewaySetup & NodeSetup = {}): Promise<TestGateway> {
	const gateway = new TestGateway(new TestNode(setup), setup);
	await gateway.broker.start();
	return gateway;
}

/** The definition of a gateway service. */
export function gatewaySchema({
	name = "api",
	sse = {},
	order = "sse-first",
	settings = {},
	schema = {}
}: GatewaySetup = {}): ServiceSchema {
	const where: Record<string, unknown> = { port: 0, ip: "127.0.0.1" };
	const mixins = [SseMixin(stopsAtOnce(sse)), ApiGateway];
	return {
		name,
		mixins: order === "sse-first" ? mixins : mixins.reverse(),
		settings: { ...where, ...settings },
		...schema
	};
}

/** Streams close at once when a node stops, unless a test is about how they do. */
function stopsAtOnce(sse: SseMixinOptions): SseMixinOptions {
	// tests of options pass anything
	if (typeof sse !== "object" || Array.isArray(sse)) return sse;
	return { drain: 0, ...sse };
}

/** See {@link TestGateway.held}. */
export function held(service: Service): TestGateway["held"] {
	const gateway: Gateway = Reflect.get(service, Symbol.for("moleculer-sse.gateway"));
	const { streams, unclosed } = gateway;
	return {
		streams: streams.size,
		sessions: streams.sessionCount,
		eventNames: streams.eventNameCount,
		unclosed
	};
}

/**
 * A gateway that serves HTTP while its node is still starting: others hear of it once `finish` has been called.
 *
 * @param broker Options of its broker.
 */
export async function startUnfinished(
	broker: BrokerOptions
): Promise<{ gateway: TestGateway; finish(): Promise<void> }> {
	const { promise, resolve } = Promise.withResolvers<void>();
	const slow = { name: "slow", started: () => promise };
	const gateway = new TestGateway(new TestNode({ broker, services: [slow] }));
	const started = gateway.broker.start();
	await eventually(() => expect(gateway.service.server.listening).toBe(true));
	const finish = async (): Promise<void> => {
		resolve();
		await started;
	};
	return { gateway, finish };
}
