import type { ServiceBroker } from "moleculer";
import { reasonOf, toError } from "../../core/errors/guard.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";
import { dropsSilently } from "../transporter/transporter-health.ts";
import { BoundedWaits } from "./bounded-waits.ts";
import type { BroadcastTracker } from "./broadcast-tracker.ts";
import { isHeardHere } from "./local-delivery.ts";
import { reportIfUnhandled } from "./unhandled-rejection.ts";

export interface BroadcastOptions {
	/** True: the promise rejects. Default false: the failure is logged and the promise resolves. */
	throwError?: boolean;
	[option: string]: unknown;
}

/** Moleculer's own broadcast, as the next middleware provides it. */
export type Broadcast = (
	eventName: string,
	payload: unknown,
	options?: BroadcastOptions
) => Promise<unknown>;

/** @param onStranded Called in the caller's turn if the event was refused, and nobody gets it: on this node neither. */
export type SafeBroadcast = (
	eventName: string,
	payload: unknown,
	options?: BroadcastOptions,
	onStranded?: () => void
) => Promise<unknown>;

/**
 * Milliseconds for which a sender without `throwError` waits for its transporter. Some, such as MQTT's, hold what they cannot
 * send until they are connected again.
 */
const PATIENCE = 1000;

const CUT_OFF = "the transporter is not connected.";

/**
 * Moleculer's broadcast, always as a promise: if the call threw, or returned nothing, an action that only sends an event would
 * fail. Without `throwError` a failure is logged and the promise resolves; with it the promise rejects, also in Moleculer 0.14,
 * which itself swallows what its transporter rejects.
 *
 * @param onFailed Called once for each event that did not reach every node, as far as that is known.
 */
export function safeBroadcast(
	broker: ServiceBroker,
	broadcast: Broadcast,
	broadcastTracker: BroadcastTracker,
	onFailed: (eventName: string) => void = () => {}
): SafeBroadcast {
	const boundedWaits = new BoundedWaits(PATIENCE);
	const outage = new ThrottledLog(text => broker.logger.error(text));
	return (eventName, payload, options, onStranded) => {
		const complain = (error: Error): void =>
			broker.logger.error(`SSE: "${eventName}" did not reach every node: ${reasonOf(error)}`);
		const rejects = wantsThrow(options);
		const { tracked, result } = broadcastTracker.watch(eventName, () =>
			broadcast(eventName, payload, options)
		);
		const isGotHere = () => tracked.hasReachedOwnNode && isHeardHere(broker, eventName, options);
		if (tracked.hasLeftForNobody && !isGotHere()) onStranded?.();
		const { sends, thrown } = tracked;
		const isCutOff = dropsSilently(broker);
		let hasFailed = false;
		const fail = (): void => {
			if (!hasFailed) onFailed(eventName);
			hasFailed = true;
		};
		if (isCutOff || thrown.length > 0) fail();
		if (rejects) {
			const work = allOf(thrown, sends, result);
			work.catch(fail);
			if (!isCutOff || thrown.length > 0) return reportIfUnhandled(work, complain);
			return reportIfUnhandled(Promise.reject(new Error(CUT_OFF)), complain);
		}
		if (isCutOff) outage.add(`SSE: "${eventName}" did not reach every node: ${CUT_OFF}`);
		// Moleculer has logged the outcome of its packets.
		for (const sent of sends) sent.catch(fail);
		if (tracked.isBrokenOff) complain(tracked.thrown.at(-1) as Error);
		const ended = Promise.resolve(result).catch(error => {
			fail();
			complain(error);
		});
		return boundedWaits.wait(ended);
	};
}

/** The same for what runs before: options and metadata are the sender's own, and reading them may throw. */
export function neverThrowing(broker: ServiceBroker, broadcast: Broadcast): Broadcast {
	return (eventName, payload, options) => {
		const rejects = wantsThrow(options);
		try {
			return broadcast(eventName, payload, options);
		} catch (thrown) {
			const error = toError(thrown);
			const complain = (): void =>
				broker.logger.error(`SSE: "${eventName}" was not sent: ${reasonOf(error)}`);
			if (rejects) return reportIfUnhandled(Promise.reject(error), complain);
			complain();
			return Promise.resolve();
		}
	};
}

/** False if it cannot be read. */
function wantsThrow(options: BroadcastOptions | undefined): boolean {
	try {
		return options?.throwError === true;
	} catch {
		return false;
	}
}

/** Settles when everything has settled. @param result Undefined if nobody listens and the balancer is off. */
async function allOf(
	[thrown]: readonly Error[],
	sends: readonly Promise<unknown>[],
	result: unknown
): Promise<unknown> {
	const ends = await Promise.allSettled([result, ...sends]);
	if (thrown !== undefined) throw thrown;
	for (const end of ends) if (end.status === "rejected") throw end.reason;
	return (ends[0] as PromiseFulfilledResult<unknown>).value;
}
