import type { ConfirmChannel } from "amqplib";
import type { TraceContext } from "../../../core/event/trace-context.ts";
import { writeMessage } from "../message-codec.ts";
import { HEADERS } from "../message-headers.ts";
import { writeTraceHeader } from "../trace-header.ts";
import type { OutgoingMessage } from "./outbox.ts";
import type { OutgoingEvent } from "./outgoing-event.ts";

/**
 * Publishes a message to a RabbitMQ stream: its events as content; everything else in headers. Its events count as written
 * from then on.
 *
 * @param stream Name of the RabbitMQ stream.
 * @param origin Names the sequence of the message.
 * @param onAnswer Must not throw. @param error Null if RabbitMQ has confirmed the message.
 */
export function publishMessage(
	channel: ConfirmChannel,
	stream: string,
	origin: string,
	message: OutgoingMessage<OutgoingEvent>,
	onAnswer: (error: unknown) => void
): void {
	const events: string[] = [];
	const traces: (TraceContext | undefined)[] = [];
	const others: Record<string, string> = {};
	for (const outgoingEvent of message.events) {
		outgoingEvent.written = true;
		// To gateways a message without events is a position in the order, whatever its headers.
		if (outgoingEvent.isAlone) others[HEADERS.close] = outgoingEvent.json;
		if (outgoingEvent.isAlone || outgoingEvent.abandoned) continue;
		events.push(outgoingEvent.json);
		traces.push(outgoingEvent.trace);
	}
	const groups = message.events[0]?.groups;
	if (groups !== undefined) others[HEADERS.groups] = groups;
	const header = writeTraceHeader(traces);
	if (header !== undefined) others[HEADERS.trace] = header;
	const now = Date.now();
	// Without an exchange: other programs' messages come over one, and a return says that the RabbitMQ stream is gone.
	channel.publish(
		"",
		stream,
		Buffer.from(writeMessage(events)),
		{
			mandatory: true,
			persistent: true,
			contentType: "application/json",
			timestamp: Math.floor(now / 1000),
			headers: {
				[HEADERS.time]: now,
				[HEADERS.origin]: origin,
				[HEADERS.seq]: message.seq,
				...others
			}
		},
		onAnswer
	);
}
