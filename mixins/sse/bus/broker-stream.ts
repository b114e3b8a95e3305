import type { ServiceBroker } from "moleculer";
import { isRefusal } from "../core/errors.ts";
import { defaultStreamName, type StreamOptions } from "../core/stream-options.ts";
import { SseError } from "../moleculer/sse-error.ts";

/** As they are given: a stream without a name gets that of the broker's namespace. */
export type GivenStreamOptions = Omit<StreamOptions, "name"> & { name?: string | undefined };

/**
 * The stream of a broker: each namespace has its own, unless the stream is named.
 *
 * @throws SseError `SSE_INVALID_OPTION` if the namespace is too long for a name.
 */
export function streamOf(
	{ namespace }: Pick<ServiceBroker, "namespace">,
	options: GivenStreamOptions
): StreamOptions {
	const name = options.name ?? defaultStreamName(namespace);
	if (isRefusal(name)) {
		throw new SseError("SSE_INVALID_OPTION", `SseMiddleware, stream: ${name.message}`, {
			option: name.refused
		});
	}
	return { ...options, name };
}

/** A broker in words, for logs and for RabbitMQ's list of connections: node ids repeat in other namespaces. */
export function nameOf({ nodeID, namespace }: Pick<ServiceBroker, "nodeID" | "namespace">): string {
	return namespace === "" ? nodeID : `${nodeID} (${namespace})`;
}
