import type { ServiceBroker } from "moleculer";
import { isRefusal } from "../../core/errors/refusal.ts";
import {
	type CheckedRabbitmqOptions,
	type RabbitmqOptions,
	standardName
} from "../../core/options/rabbitmq-options.ts";
import { SseError } from "../../moleculer/sse-error.ts";

/**
 * The RabbitMQ stream of a broker, and the exchange for other programs: each namespace has its own. A given name applies only
 * to the RabbitMQ stream, unless the namespace is too long for an exchange's name.
 *
 * @throws SseError `SSE_INVALID_OPTION` if the namespace is too long for a name, and none is given.
 */
export function streamOf(
	{ namespace }: Pick<ServiceBroker, "namespace">,
	options: Omit<CheckedRabbitmqOptions, "name"> & { name?: string | undefined }
): RabbitmqOptions {
	const standard = standardName(namespace);
	if (!isRefusal(standard))
		return { ...options, name: options.name ?? standard, exchange: standard };
	const { name } = options;
	if (name !== undefined) return { ...options, name, exchange: name };
	throw new SseError("SSE_INVALID_OPTION", `SseMiddleware, stream: ${standard.message}`, {
		option: standard.refused
	});
}

/** A broker in words, for logs and for RabbitMQ's list of connections: other namespaces may have the same node id. */
export function nameOf({ nodeID, namespace }: Pick<ServiceBroker, "nodeID" | "namespace">): string {
	return namespace === "" ? nodeID : `${nodeID} (${namespace})`;
}
