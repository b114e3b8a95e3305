import type { ServiceBroker } from "moleculer";
import { installedBus } from "../bus/broker-bus.ts";
import type { SseBusState } from "../bus/bus.ts";
import { gatewaysOf } from "./node-gateways.ts";

/** What `$sse.ready` and `$sse.live` say of a bus. Nothing that a stranger could use, because they may be asked over HTTP. */
export type SseBusHealth = Pick<SseBusState, "kind" | "connected" | "working">;

interface SseHealth {
	/**
	 * Whether events arrive late, or are lost and reported, because the node does not hear the others. It still serves: to
	 * remove it would move its clients to others that hear no more.
	 */
	readonly degraded: boolean;
	/** Null on a node without `SseMiddleware`. */
	readonly bus: SseBusHealth | null;
}

/** The answer of `$sse.ready`. */
export interface SseReadiness extends SseHealth {
	/** Whether clients should be sent here: the node has started, is not stopping, and its gateways take streams. */
	readonly ready: boolean;
}

/** The answer of `$sse.live`. */
export interface SseLiveness extends SseHealth {
	/** Always true: a process that cannot answer is dead, and nothing else is. */
	readonly live: true;
}

export function readiness(broker: ServiceBroker): SseReadiness {
	const gateways = [...gatewaysOf(broker).keys()];
	const ready = broker.started && gateways.every(({ isReady }) => isReady);
	return { ready, ...health(broker) };
}

export function liveness(broker: ServiceBroker): SseLiveness {
	return { live: true, ...health(broker) };
}

function health(broker: ServiceBroker): SseHealth {
	const state = installedBus(broker)?.state;
	const gateways = [...gatewaysOf(broker).keys()];
	const degraded = state?.working === false || gateways.some(({ receiver }) => receiver.isDegraded);
	const bus =
		state === undefined
			? null
			: { kind: state.kind, connected: state.connected, working: state.working };
	return { degraded, bus };
}
