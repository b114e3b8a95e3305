import type { ServiceBroker } from "moleculer";
import { lacksValue } from "../../core/addressing/missing-value.ts";
import { ThrottledLog } from "../../core/util/throttled-log.ts";

/**
 * Warns of recipients whose ids lack a value. Nothing is refused: ids may be made from users' names, and one of them must not
 * fail a push to all others.
 *
 * @returns Checks the recipients of an `sse.send` or `sse.close`.
 */
export function createRecipientLog(
	broker: Pick<ServiceBroker, "logger">
): (event: string, sessionId: string | readonly string[]) => void {
	const log = new ThrottledLog(text => broker.logger.warn(text));
	return (event, sessionId) => {
		const ids = typeof sessionId === "string" ? [sessionId] : sessionId;
		const id = ids.find(lacksValue);
		if (id === undefined) return;
		log.add(
			`SSE: "${event}" is for the session ${JSON.stringify(id)}, which nobody has: a value that the id is made of is missing. ` +
				'Check the name of the property that "sessionId" is made of.'
		);
	};
}
