import type { ServiceBroker } from "moleculer";
import { installedBus } from "../bus/broker-bus.ts";
import type { SseBusState } from "../bus/bus.ts";
import { VERSION } from "../core/util/version.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { countBehind } from "../streams/count-behind.ts";
import type { SseSilentNode } from "./gateway-answers.ts";
import { gatewaysOf } from "./node-gateways.ts";

/** The state of a gateway. */
export interface SseNode {
	readonly nodeID: string;
	/** Full name of its service. */
	readonly service: string;
	/** Version of the package. */
	readonly version: string;
	/** Whether it takes new streams. */
	readonly ready: boolean;
	/** Whether events arrive late, or are lost and reported, because it does not hear the other nodes. */
	readonly degraded: boolean;
	/** Number of open streams. */
	readonly streams: number;
	/** Number of session ids that have a stream. */
	readonly sessions: number;
	/** Number of streams whose clients have not taken everything. */
	readonly behind: number;
	/** Bytes that those clients have not taken. */
	readonly unsent: number;
	/** Null without a history. */
	readonly history: {
		readonly events: number;
		readonly bytes: number;
		/** Milliseconds since the oldest event arrived; null if there is none. */
		readonly age: number | null;
	} | null;
	/** Null without `SseMiddleware`. */
	readonly bus: SseBusState | null;
}

/** The answer of `$sse.nodes`. */
export interface SseNodes {
	readonly nodes: readonly SseNode[];
	/** Nodes with a gateway that did not answer. */
	readonly silent: readonly SseSilentNode[];
}

/** Describes this node's gateways. */
export function describeNode(broker: ServiceBroker): SseNode[] {
	return [...gatewaysOf(broker)].map(([gateway, service]) =>
		describeGateway(broker, gateway, service)
	);
}

/** @param service The full name of the gateway's service. */
export function describeGateway(broker: ServiceBroker, gateway: Gateway, service: string): SseNode {
	return {
		nodeID: broker.nodeID,
		service,
		version: VERSION,
		ready: gateway.isReady,
		degraded: gateway.receiver.isDegraded,
		...countStreams(gateway),
		history: historyOf(gateway),
		bus: installedBus(broker)?.state ?? null
	};
}

function countStreams({
	streams
}: Gateway): Pick<SseNode, "streams" | "sessions" | "behind" | "unsent"> {
	return { streams: streams.size, sessions: streams.sessionCount, ...countBehind(streams) };
}

function historyOf({ fanOut: { history } }: Gateway): SseNode["history"] {
	if (history === undefined) return null;
	const { length: events, bytes } = history;
	const age = events === 0 ? null : Math.round(history.age(performance.now()));
	return { events, bytes, age };
}
