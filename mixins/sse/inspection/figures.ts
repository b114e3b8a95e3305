import type { ServiceBroker } from "moleculer";
import type { GatewayCounters } from "../core/metrics/counters.ts";
import type { LabelCounts } from "../core/metrics/label-counts.ts";
import type { DropReason, EndReason, RefusalReason } from "../core/metrics/label-values.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gatewaysOf } from "./node-gateways.ts";
import { describeGateway, type SseNode } from "./nodes.ts";

/** Numbers by reason; a reason that has not occurred is left out. */
type ByReason<Reason extends string = string> = Readonly<Partial<Record<Reason, number>>>;

/** What a gateway has counted since it was created. */
export interface GatewayCounts {
	readonly received: number;
	/** Events given to streams, once for each stream. */
	readonly delivered: number;
	readonly opened: number;
	readonly refused: ByReason<RefusalReason>;
	readonly closed: ByReason<EndReason>;
	readonly resets: ByReason;
	readonly dropped: ByReason<DropReason>;
}

/** The state of a gateway and what it has counted: two of them give a rate. */
export interface GatewayFigures extends SseNode {
	/** When they were read, in milliseconds by a clock of the gateway's own. */
	readonly at: number;
	readonly counts: GatewayCounts;
}

/** Reads the figures of this node's gateways. */
export function readFigures(broker: ServiceBroker): GatewayFigures[] {
	return [...gatewaysOf(broker)].map(([gateway, service]) => ({
		...describeGateway(broker, gateway, service),
		at: performance.now(),
		counts: countsOf(gateway)
	}));
}

function countsOf({ counters }: Gateway): GatewayCounts {
	return {
		received: counters.eventsReceived,
		delivered: sum(counters.eventsDelivered),
		opened: counters.streamsOpened,
		refused: occurred(counters.streamsRefused),
		closed: occurred(counters.streamsClosed),
		resets: occurred(counters.resetsSent),
		dropped: occurred(counters.eventsDropped)
	};
}

function sum({ counts }: GatewayCounters["eventsDelivered"]): number {
	return Object.values(counts).reduce((total, count) => total + count, 0);
}

function occurred<Reason extends string>({ counts }: LabelCounts<Reason>): ByReason<Reason> {
	const entries = Object.entries(counts).filter(([, count]) => (count as number) > 0);
	return Object.fromEntries(entries) as ByReason<Reason>;
}
