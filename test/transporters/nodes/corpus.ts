import type { ServiceBroker } from "moleculer";
import { PAYLOADS, REFUSED_PAYLOADS, type SentPayload } from "../../support/payloads.ts";
import type { PayloadOutcome } from "./plan.ts";

// Moleculer's types do not know the option.
const THROWING = { throwError: true } as object;

/** Sends each payload of the corpus after an event that identifies it, and returns what its sender was told. */
export async function sendCorpus(
	broker: ServiceBroker,
	eventName: string,
	sessionId: string
): Promise<PayloadOutcome[]> {
	const send = async (payload: unknown): Promise<string | null> => {
		try {
			await broker.broadcast("sse.send", { eventName, sessionId, payload }, THROWING);
			return null;
		} catch (error) {
			return (error as { type?: string }).type ?? String(error);
		}
	};
	const outcomes: PayloadOutcome[] = [];
	for (const entry of [...PAYLOADS, ...REFUSED_PAYLOADS]) {
		await send(markOf(outcomes.length));
		const refusal = await send(entry.make());
		outcomes.push({ name: entry.name, json: jsonOf(entry), refusal });
	}
	await send(markOf(outcomes.length));
	return outcomes;
}

/** The payload that goes before the payload of that number. */
export function markOf(at: number): string {
	return `payload ${at} follows`;
}

/** Null for what JSON cannot carry. */
function jsonOf(entry: SentPayload): string | null {
	if (REFUSED_PAYLOADS.includes(entry)) return null;
	return JSON.stringify(entry.make());
}
