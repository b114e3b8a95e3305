import type { EventsContract } from "../core/event/contract.ts";
import type { History } from "../core/history/history.ts";
import type { GatewayCounters, GatewayGauges } from "../core/metrics/counters.ts";
import { GATEWAY_METRICS } from "../core/metrics/metric-definitions.ts";
import type { MetricsSource } from "../moleculer/metrics/metrics-source.ts";
import { countBehind } from "../streams/count-behind.ts";
import type { EventStream } from "../streams/event-stream.ts";

/** What is measured of a gateway. */
interface Observed {
	readonly counters: GatewayCounters;
	/** The open streams. */
	readonly streams: Iterable<EventStream> & { readonly size: number };
	/** Number of streams whose connections are not closed yet. */
	readonly unclosed: number;
	readonly isStopping: boolean;
	readonly fanOut: { readonly history: History | undefined };
}

/** A gateway's metrics. */
export function gatewaySource(
	gateway: Observed,
	events: EventsContract | undefined
): MetricsSource {
	return {
		definitions: GATEWAY_METRICS,
		events,
		counters: gateway.counters,
		gauges: () => look(gateway)
	};
}

function look({ streams, unclosed, isStopping, fanOut: { history } }: Observed): GatewayGauges {
	const { behind, unsent } = countBehind(streams);
	return {
		streamsOpen: streams.size,
		streamsBehind: behind,
		streamsDraining: isStopping ? unclosed : 0,
		bytesUnsent: unsent,
		historyEvents: history?.length ?? 0,
		historyBytes: history?.bytes ?? 0,
		historyAge: history?.age(performance.now()) ?? 0
	};
}
