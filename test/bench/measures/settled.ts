import { setTimeout as sleep } from "node:timers/promises";
import type { RunningServer } from "../entrants/entrant.ts";
import type { Usage } from "../process/usage.ts";

/** Milliseconds for earlier work to end, and for freed pages to return to the system. */
const SETTLE = 500;

/** What a server uses while nothing happens, after garbage collection. */
export async function settledUsage(server: RunningServer): Promise<Usage> {
	await server.usage({ collect: true });
	await sleep(SETTLE);
	return server.usage({ collect: true });
}
