import type { ServiceBroker } from "moleculer";
import { HELLO } from "../position-report.ts";
import { SENDER_SERVICE } from "../sender/position-announcer.ts";

/** The ids of the nodes that answer questions, this one included. */
export function sendersOf({ registry }: ServiceBroker): string[] {
	const list = registry.events.get(HELLO, SENDER_SERVICE);
	const endpoints: { id: string; isAvailable: boolean }[] = list?.endpoints ?? [];
	return endpoints.filter(({ isAvailable }) => isAvailable).map(({ id }) => id);
}
