import type { GatewayCounters, GatewayGauges, SenderCounters, SenderGauges } from "./counters.ts";
import type { Histogram } from "./histogram.ts";
import {
	BAD_EVENT_REASONS,
	BAD_REVOCATION_REASONS,
	DROP_REASONS,
	END_REASONS,
	FAILURE_REASONS,
	LIMITS,
	REFUSAL_REASONS,
	RESET_REASONS,
	RESUME_OUTCOMES
} from "./label-values.ts";
import {
	type CounterMetric,
	counter,
	counterBy,
	type GaugeMetric,
	gauge,
	type HistogramMetric,
	histogram,
	type LabelledCounterMetric,
	type MetricDefinition,
	type MetricLabel
} from "./metric.ts";

/** By the names of the event contract; without one there is one series. */
const EVENT: MetricLabel = { name: "event", values: "event names" };

function reason(values: readonly string[]): MetricLabel {
	return { name: "reason", values };
}

type CountedNames<Counters> = {
	[Name in keyof Counters]: Counters[Name] extends (...args: never[]) => unknown ? never : Name;
}[keyof Counters];

/** A definition of each number that is counted or measured. */
type MetricsOf<Counters, Gauges> = {
	readonly [Name in CountedNames<Counters>]: Counters[Name] extends number
		? CounterMetric
		: Counters[Name] extends Histogram
			? HistogramMetric
			: LabelledCounterMetric;
} & { readonly [Name in keyof Gauges]: GaugeMetric };

/** The metrics of a node with `SseMiddleware`. */
export const SENDER_METRICS: MetricsOf<SenderCounters, SenderGauges> = {
	eventsSent: counterBy(EVENT, {
		name: "moleculer.sse.events.sent",
		unit: "event",
		about: "events that passed all checks and were given to the bus"
	}),
	eventsRefused: counterBy(reason(BAD_EVENT_REASONS), {
		name: "moleculer.sse.events.refused",
		unit: "event",
		about: "events that were refused for what they are: their sender got an error"
	}),
	eventsFailed: counterBy(reason(FAILURE_REASONS), {
		name: "moleculer.sse.events.failed",
		unit: "event",
		about: "events that the bus did not take, or did not confirm in time"
	}),
	revocationsSent: counter({
		name: "moleculer.sse.revocations.sent",
		unit: "revocation",
		about: "revocations (`sse.close`) that were given to the bus"
	}),
	revocationsRefused: counterBy(reason(BAD_REVOCATION_REASONS), {
		name: "moleculer.sse.revocations.refused",
		unit: "revocation",
		about: "revocations that were refused for what they are: their sender got an error"
	}),
	busConnected: gauge({
		name: "moleculer.sse.bus.connected",
		unit: "flag",
		about: "1 if the message broker is connected, or there is none; else 0"
	}),
	busWorking: gauge({
		name: "moleculer.sse.bus.working",
		unit: "flag",
		about: "1 if events come and go; else 0"
	}),
	busLag: gauge(
		{
			name: "moleculer.sse.bus.lag",
			unit: "millisecond",
			about:
				"time from the sending of the last message of the RabbitMQ stream to its arrival at the gateway of this node; " +
				"no series without a RabbitMQ stream, before the first message, or if that has no time"
		},
		"most"
	),
	outboxEvents: gauge({
		name: "moleculer.sse.outbox.events",
		unit: "event",
		about: "events that RabbitMQ has not confirmed yet; 0 without a RabbitMQ stream"
	}),
	outboxBytes: gauge({
		name: "moleculer.sse.outbox.bytes",
		unit: "byte",
		about: "bytes of these events"
	})
};

/** The metrics of a gateway. */
export const GATEWAY_METRICS: MetricsOf<GatewayCounters, GatewayGauges> = {
	streamsOpen: gauge({
		name: "moleculer.sse.streams.open",
		unit: "stream",
		about: "streams that are open"
	}),
	streamsBehind: gauge({
		name: "moleculer.sse.streams.behind",
		unit: "stream",
		about: "streams whose client has not taken all that was written"
	}),
	streamsDraining: gauge({
		name: "moleculer.sse.streams.draining",
		unit: "stream",
		about:
			"streams whose connections are still to be closed while the gateway stops; 0 while it does not stop"
	}),
	streamsOpened: counter({
		name: "moleculer.sse.streams.opened",
		unit: "stream",
		about: "streams that were opened"
	}),
	streamsRefused: counterBy(reason(REFUSAL_REASONS), {
		name: "moleculer.sse.streams.refused",
		unit: "request",
		about: "requests for a stream that got none; a HEAD is not one"
	}),
	streamsClosed: counterBy(reason(END_REASONS), {
		name: "moleculer.sse.streams.closed",
		unit: "stream",
		about: "streams that ended"
	}),
	streamsResumed: counterBy(
		{ name: "outcome", values: RESUME_OUTCOMES },
		{
			name: "moleculer.sse.streams.resumed",
			unit: "stream",
			about:
				"streams of clients that came back: `replayed` and `live` (nothing was missed) without a loss, the others with that reset"
		}
	),
	resetsSent: counterBy(reason(RESET_REASONS), {
		name: "moleculer.sse.resets.sent",
		unit: "reset",
		about: "`sse.reset`, once for each stream that got it"
	}),
	openingTime: histogram({
		name: "moleculer.sse.opening.time",
		unit: "millisecond",
		about: "time from a request's arrival to its open stream, `session` and `authorize` included"
	}),
	eventsReceived: counter({
		name: "moleculer.sse.events.received",
		unit: "event",
		about:
			"events that came from the bus, valid or not, those of the past that a gateway reads when it starts included"
	}),
	eventsDelivered: counterBy(EVENT, {
		name: "moleculer.sse.events.delivered",
		unit: "event",
		about: "events that were given to live streams, once for each stream"
	}),
	eventsReplayed: counter({
		name: "moleculer.sse.events.replayed",
		unit: "event",
		about: "events that streams got from the history, once for each stream"
	}),
	eventsDropped: counterBy(reason(DROP_REASONS), {
		name: "moleculer.sse.events.dropped",
		unit: "event",
		about:
			"events that were dropped: `invalid`, `contract` and `oversized` once for each gateway, the others once for each stream"
	}),
	deliveryTime: histogram({
		name: "moleculer.sse.delivery.time",
		unit: "millisecond",
		about:
			"time from the sending of an event, by its sender's clock, until it was written to all live streams"
	}),
	bytesEncoded: counter({
		name: "moleculer.sse.bytes.encoded",
		unit: "byte",
		about: "bytes of the frames that were written, before compression"
	}),
	bytesWritten: counter({
		name: "moleculer.sse.bytes.written",
		unit: "byte",
		about: "bytes of the frames that were written, after compression"
	}),
	bytesUnsent: gauge({
		name: "moleculer.sse.bytes.unsent",
		unit: "byte",
		about: "bytes that wait in this process for clients to take them"
	}),
	historyEvents: gauge({
		name: "moleculer.sse.history.events",
		unit: "event",
		about: "events in the history"
	}),
	historyBytes: gauge({
		name: "moleculer.sse.history.bytes",
		unit: "byte",
		about: "bytes that the history takes"
	}),
	historyAge: gauge(
		{
			name: "moleculer.sse.history.age",
			unit: "millisecond",
			about: "age of the oldest event in the history; 0 if it is empty"
		},
		"most"
	),
	gapsFound: counterBy(
		{ name: "sender", values: "nodes" },
		{
			name: "moleculer.sse.gaps.found",
			unit: "gap",
			about:
				"losses between the nodes that the gateway noticed, by the node that sent what is missing"
		}
	),
	limitsReached: counterBy(
		{ name: "limit", values: LIMITS },
		{
			name: "moleculer.sse.limits.reached",
			unit: "request",
			about: "requests that were sent away because of a limit"
		}
	),
	revocationsReceived: counter({
		name: "moleculer.sse.revocations.received",
		unit: "revocation",
		about: "revocations that came to the gateway, each once"
	}),
	revocationsDropped: counter({
		name: "moleculer.sse.revocations.dropped",
		unit: "revocation",
		about: "revocations that came and were not valid"
	}),
	revocationsMissed: counter({
		name: "moleculer.sse.revocations.missed",
		unit: "loss",
		about: "times at which the gateway noticed that revocations had not come"
	}),
	ticketsGiven: counter({
		name: "moleculer.sse.tickets.given",
		unit: "ticket",
		about: "tickets that the gateway issued"
	}),
	ticketsUsed: counter({
		name: "moleculer.sse.tickets.used",
		unit: "ticket",
		about: "tickets that opened a stream"
	}),
	ticketsRefused: counter({
		name: "moleculer.sse.tickets.refused",
		unit: "ticket",
		about: "tickets that did not open a stream: forged, expired, used, revoked, or for other events"
	})
};

/** All metrics, those of senders first. */
export const ALL_METRICS: readonly MetricDefinition[] = [
	...Object.values(SENDER_METRICS),
	...Object.values(GATEWAY_METRICS)
];
