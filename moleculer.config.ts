import type { BrokerOptions, LogLevels, Transporters } from "moleculer";
import { SseMiddleware } from "./mixins/sse/index.ts";
import { events } from "./services/events.ts";

/*
 * Every node of the example runs with this file; the environment tells them apart.
 *
 * | variable       | default           | meaning                                                             |
 * | -------------- | ----------------- | ------------------------------------------------------------------- |
 * | TRANSPORTER    | none: one process | URL of the message broker, as in amqp://guest:guest@rabbitmq:5672   |
 * | STREAM_URL     | none              | URL of a RabbitMQ: events then travel on a stream there, durable    |
 * | NODE_ID        | <host>-<pid>      | this node's name, unique in the cluster                             |
 * | NAMESPACE      | empty             | keeps clusters on one message broker apart                          |
 * | LOG_LEVEL      | info              | fatal, error, warn, info, debug, trace                              |
 * | METRICS_PORT   | none: no metrics  | where Prometheus finds this node's metrics, at /metrics             |
 * | PORT           | 3000              | read by the gateway: where it listens                               |
 * | TICK_MS        | 1000              | read by the ticker: milliseconds between two prices                 |
 * | QUEUE_URL      | a RabbitMQ above  | read by the reports: RabbitMQ that jobs wait in; none: this process |
 * | REPORTS_FOLDER | .tmp/reports      | read by the reports: the files, in one folder for all nodes         |
 * | REPORT_STEP_MS | 100               | read by the reports: milliseconds that 250 orders take              |
 */
const { TRANSPORTER, STREAM_URL, NODE_ID, NAMESPACE, LOG_LEVEL, METRICS_PORT } = process.env;

const config: BrokerOptions = {
	namespace: NAMESPACE ?? "",
	nodeID: NODE_ID || null,
	// Moleculer's types know the transporters' names only, but it takes a URL just as well.
	transporter: (TRANSPORTER || null) as Transporters.Base | null,
	logLevel: (LOG_LEVEL || "info") as LogLevels,
	metrics: METRICS_PORT
		? { enabled: true, reporter: { type: "Prometheus", options: { port: Number(METRICS_PORT) } } }
		: false,
	middlewares: [SseMiddleware({ events, stream: STREAM_URL ? { url: STREAM_URL } : null })]
};

export default config;
