/** Headers of a message. The time is where RabbitMQ's own timestamp plugin puts it. */
export const HEADERS = {
	offset: "x-stream-offset",
	time: "timestamp_in_ms",
	origin: "sse-origin",
	seq: "sse-seq",
	close: "sse-close",
	trace: "sse-trace",
	groups: "sse-groups"
} as const;
