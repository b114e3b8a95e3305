import { setTimeout as sleep } from "node:timers/promises";
import type { RunningServer } from "../entrants/entrant.ts";
import type { Usage } from "../process/usage.ts";

/** Milliseconds for what was begun to end, and for freed pages to go back to the system. */
const SETTLE = 500;

/** What a server uses while nothing happens, its garbage collected. */
export async function settledUsage(server: RunningServer): Promise<Usage> {
	await server.usage({ collect: true });
	await sleep(SETTLE);
	return server.usage({ collect: true });
}
