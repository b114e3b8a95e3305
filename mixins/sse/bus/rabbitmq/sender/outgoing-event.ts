import { refuse } from "../../../core/errors/refusal.ts";
import { SseError } from "../../../moleculer/sse-error.ts";
import { type AmqpError, describe } from "../amqp-error.ts";
import type { Outgoing } from "./outbox.ts";

/** An event that its sender waits for; or a revocation, which is sent alone, as a header of its message. */
export interface OutgoingEvent extends Outgoing {
	/** For error messages. */
	readonly eventName: string;
	/** Whether the event goes on waiting when its sender no longer does. */
	readonly stays: boolean;
	written: boolean;
	/** Undefined once the sender has heard. */
	reject: ((error: SseError) => void) | undefined;
	/** The sender was told that it was not sent: it must not be sent any more. */
	abandoned: boolean;
}

/** @param unsure Whether the event may have been sent all the same. */
export function unavailable(reason: string, unsure: boolean): SseError {
	const rest = unsure ? "it may have been sent nevertheless" : "it was not sent";
	return new SseError("SSE_BUS_UNAVAILABLE", `The event cannot be sent now: ${reason}; ${rest}.`, {
		unsure
	});
}

/** RabbitMQ will never take the event. */
export function refused({ eventName, bytes }: OutgoingEvent, reason: AmqpError): SseError {
	const message =
		`The event "${eventName}" of ${bytes} bytes was discarded, because RabbitMQ refuses it ` +
		`(${describe(reason)}). Send smaller events and lower limits.eventBytes of SseMiddleware, ` +
		"or raise RabbitMQ's max_message_size.";
	return SseError.invalidEvent(refuse("payload", message, "oversized"));
}
