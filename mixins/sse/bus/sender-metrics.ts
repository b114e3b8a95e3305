import type { ServiceBroker } from "moleculer";
import type { EventsContract } from "../core/event/contract.ts";
import type { SenderCounters, SenderGauges } from "../core/metrics/counters.ts";
import { SENDER_METRICS } from "../core/metrics/metric-definitions.ts";
import type { MetricsSource } from "../moleculer/metrics/metrics-source.ts";
import { installedBus } from "./broker-bus.ts";

/** The metrics of a node with `SseMiddleware`, over any bus. */
export function senderSource(
	counters: SenderCounters,
	broker: ServiceBroker,
	events: EventsContract | undefined
): MetricsSource {
	return {
		definitions: SENDER_METRICS,
		events,
		counters,
		gauges(): SenderGauges {
			const state = installedBus(broker)?.state;
			return {
				busConnected: Number(state?.connected ?? false),
				busWorking: Number(state?.working ?? false),
				busLag: state?.lag ?? null,
				outboxEvents: state?.outbox.events ?? 0,
				outboxBytes: state?.outbox.bytes ?? 0
			};
		}
	};
}
