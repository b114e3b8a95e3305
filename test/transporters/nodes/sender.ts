import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import type { Sent } from "../../chaos/log.ts";
import type { Sending } from "./plan.ts";

/**
 * Sends like a business service, without `throwError`. Returns what was sent, as its sender remembers it. Does not wait for the
 * last ones to leave: some transporters hold them until they are connected again.
 */
export async function send(broker: ServiceBroker, sending: Sending): Promise<Sent[]> {
	const { from, first, count, eventName, to, every, padding = [0] } = sending;
	const sent: Sent[] = [];
	for (let turn = 0; turn < count; turn++) {
		const n = first + turn;
		const at = Date.now();
		const sessionId = to[turn % to.length] as string;
		sent.push({ from, n, at, sessionId });
		const payload = { from, n, at, padding: "x".repeat(padding[turn % padding.length] ?? 0) };
		broker.broadcast("sse.send", { eventName, sessionId, payload });
		if (every > 0 && turn < count - 1) await sleep(every);
	}
	return sent;
}
