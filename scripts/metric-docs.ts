import { BOUNDS } from "../mixins/sse/core/metrics/histogram.ts";
import type {
	BadEventReason,
	DropReason,
	EndReason,
	FailureReason,
	LimitName,
	RefusalReason,
	ResumeOutcome
} from "../mixins/sse/core/metrics/label-values.ts";
import type { MetricDefinition } from "../mixins/sse/core/metrics/metric.ts";
import { GATEWAY_METRICS, SENDER_METRICS } from "../mixins/sse/core/metrics/metric-definitions.ts";
import { MOST_NODES } from "../mixins/sse/core/metrics/node-counts.ts";
import { maxSeries } from "../mixins/sse/core/metrics/series.ts";

export const METRICS_PAGE = "docs/reference/metrics.md";

const REFUSED: Readonly<Record<RefusalReason, string>> = {
	invalid: "400: the request is not a valid one, for example without an event name",
	unauthorized: "401: no session, or a ticket that is no good",
	forbidden: "403: `authorize`, or the route, has refused it",
	method: "405: neither GET nor HEAD",
	accept: "406: `Accept` excludes `text/event-stream`",
	other: "another status, from the application's own route or hooks",
	unavailable:
		'something that is needed is temporarily away: `sse.close`, or a status with `refusals: "http"`',
	limit: "a limit is reached, see `moleculer.sse.limits.reached`",
	drain: "the gateway stops: `sse.close`",
	revoked: "the session was revoked while the request was judged: `sse.close`",
	gone: "the client had left, or somebody else had answered it, before the stream could open"
};

const ENDED: Readonly<Record<EndReason, string>> = {
	timeout: "its `timeout` was over, or a revocation that did not come may have been about it",
	drain: "its node stopped",
	limit: "it gave way to a client of its session that came back",
	expired: "its session ended",
	revoked: "a service revoked it, with whatever reason",
	slow: "its client had more unsent than `buffer` allows, with the policy `disconnect`",
	stalled: "its client took nothing for `buffer.stallTimeout`",
	error: "something that wraps its response threw; the log has the error",
	client: "its connection was closed, as a rule by its client"
};

const RESUMED: Readonly<Record<ResumeOutcome, string>> = {
	replayed: "it got what it had missed",
	live: "it had missed nothing",
	unknown: "`sse.reset`: the gateway does not know its last event",
	expired: "`sse.reset`: what it missed is no longer kept",
	epoch: "`sse.reset`: its last event is of an earlier life of the sender, or of the stream",
	gap: "`sse.reset`: events were lost between the nodes",
	revoked: "`sse.reset`: its session was revoked in between"
};

const BAD: Readonly<Record<BadEventReason, string>> = {
	invalid: "a field is missing, or wrong",
	contract: "it breaks the event contract; not of revocations",
	oversized:
		"it is larger than `limits.eventBytes`, or than the transporter carries, or has more session ids than `limits.recipientsPerEvent`",
	emitted: "it was emitted, and not broadcast"
};

const FAILED: Readonly<Record<FailureReason, string>> = {
	transporter: "Moleculer's transporter did not take it for all nodes",
	full: "the outbox was full",
	unconfirmed:
		"RabbitMQ did not confirm it within `timeout`; without `throwError` it stays in the outbox, and may go later",
	refused: "RabbitMQ refused it, because it is too large",
	stopped: "the node stopped before"
};

const DROPPED: Readonly<Record<DropReason, string>> = {
	invalid:
		"it cannot be read; it comes from a node without `SseMiddleware`, or from another program",
	contract: "it breaks the gateway's event contract",
	oversized:
		"it is larger than the gateway's `limits.eventBytes`, or has more session ids than its `limits.recipientsPerEvent`",
	"slow-disconnect": "its client was cut off for being slow",
	"slow-dropOldest": "newer ones needed its place",
	"slow-conflate": "newer ones needed its place, and none replaced it",
	conflated: "a newer one of its key replaced it",
	expired: "its client's session ended first",
	revoked: "its client's session was revoked first",
	closed: "its connection was closed first; who comes back gets it again"
};

const LIMITED: Readonly<Record<LimitName, string>> = {
	streams: "streams of the gateway",
	streamsPerSession: "streams of a session",
	streamsPerIp: "streams of a client address",
	opensPerSecond: "streams that open in a second",
	eventNames: "event names of all streams of the gateway together"
};

const LABELS: readonly (readonly [
	metrics: readonly MetricDefinition[],
	meanings: Readonly<Record<string, string>>
])[] = [
	[[GATEWAY_METRICS.streamsRefused], REFUSED],
	[[GATEWAY_METRICS.streamsClosed], ENDED],
	[[GATEWAY_METRICS.streamsResumed, GATEWAY_METRICS.resetsSent], RESUMED],
	[[GATEWAY_METRICS.eventsDropped], DROPPED],
	[[GATEWAY_METRICS.limitsReached], LIMITED],
	[[SENDER_METRICS.eventsRefused, SENDER_METRICS.revocationsRefused], BAD],
	[[SENDER_METRICS.eventsFailed], FAILED]
];

/** The page of the metrics, as their definitions make it. */
export function metricsPage(): string {
	return `# Metrics

\`npm run docs:metrics\` writes this page from \`mixins/sse/core/metrics/metric-definitions.ts\`; a test compares both.

The metrics are in Moleculer's own registry (\`broker.metrics\`), so every reporter has them: Prometheus, Datadog, StatsD, CSV,
the console. They are there if the broker's metrics are on (\`metrics: { enabled: true }\`), and there is nothing else to
switch on. In Prometheus \`moleculer.sse.streams.open\` is called \`moleculer_sse_streams_open\`.

## At a sender

Of every node with \`SseMiddleware\`.

${table(Object.values(SENDER_METRICS))}
## At a gateway

Of every node with a gateway. If a node has several gateways, a metric is about all of them.

${table(Object.values(GATEWAY_METRICS))}
## Labels

A label has one of the values below, the name of an event, or a node's id. Session ids, addresses and paths never
stand in a metric.

- \`event\`: the names of the [event contract](../guide/event-contract.md). Without a contract there is one series without
  a label, because any client could make up names.
- \`sender\`: the first ${MOST_NODES} nodes that something was lost of; \`other\` for all others, and \`unknown\`.
- A node has at most ${maxSeries(0)} series without a contract, buckets included; each name in the contract adds
  ${maxSeries(2) - maxSeries(1)}. A counter begins with 0 when the node starts, so that its first event shows as a rise; only those of
  nodes begin with the first gap.

${LABELS.map(labels).join("\n")}
## What the numbers say

- **They are counted as plain numbers**, and told to the registry whenever a metric is read, and at the registry's
  \`collectInterval\` (5 seconds by default) for reporters that hear of each change.
- **\`moleculer.sse.delivery.time\` compares two clocks**: the sender's when the event was sent, and the gateway's when it was
  written. If the clocks differ, all values are off by as much; what would be negative counts as 0. Keep the clocks
  synchronised by NTP. With Moleculer events the sender has to have its metrics on as well; with a RabbitMQ stream the
  time begins when the event is written to RabbitMQ. An event is written when its bytes are handed to the operating system,
  or wait in the process because the client is slow. Replayed events do not count.
- **Histograms** have buckets up to ${BOUNDS.join(", ")} milliseconds, and no quantiles.
  Moleculer's Prometheus reporter writes their buckets, from which \`histogram_quantile\` computes what you ask for.
- **What waits for a slow client** is counted when it is dropped, as far as it waits in the gateway's own hands. What
  Node.js has been given for a connection that then breaks is not counted in events.
- **Limits** that refuse are counted with what they refuse: \`eventNamesPerStream\` as an \`invalid\` request, \`eventBytes\` as an
  \`oversized\` event.
- **Bytes** are those of the frames, without HTTP's heads and chunks.
- **A stream is no slow request**: \`moleculer.request.time\` ends when the stream is open.
`;
}

function table(metrics: readonly MetricDefinition[]): string {
	const rows = metrics.map(({ name, type, unit, label, about }) => {
		const labelled = label === undefined ? "" : `\`${label.name}\` `;
		return `| \`${name}\` | ${type} | ${unit} | ${labelled}| ${about} |\n`;
	});
	return `| metric | type | unit | label | meaning |\n| --- | --- | --- | --- | --- |\n${rows.join("")}`;
}

function labels([metrics, meanings]: (typeof LABELS)[number]): string {
	const names = metrics.map(({ name }) => `\`${name}\``).join(" and ");
	const rows = Object.entries(meanings).map(([value, about]) => `| \`${value}\` | ${about} |\n`);
	return `${names}:\n\n| \`${metrics[0]?.label?.name}\` | meaning |\n| --- | --- |\n${rows.join("")}`;
}
