import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import type { Prometheus } from "./prometheus.ts";

/** Milliseconds between two looks. */
const INTERVAL = 500;

/**
 * The alerts that begin to fire while something happens, and after that until all that are waited for have fired. What fires
 * already is left out until it has fallen silent.
 */
export async function firedDuring(
	prometheus: Prometheus,
	happen: () => Promise<unknown>,
	wanted: readonly string[],
	patience: number
): Promise<Set<string>> {
	const firing = async () =>
		(await prometheus.alerts()).flatMap(({ name, isFiring }) => (isFiring ? name : []));
	let before = await firing();
	const fired = new Set<string>();
	let deadline = Number.POSITIVE_INFINITY;
	const happened = happen().finally(() => {
		deadline = Date.now() + patience;
	});
	// thrown below, when the loop has ended
	happened.catch(() => {});
	const isDone = () => deadline < Number.POSITIVE_INFINITY && wanted.every(name => fired.has(name));
	while (Date.now() < deadline && !isDone()) {
		const now = await firing();
		for (const name of now) if (!before.includes(name)) fired.add(name);
		before = before.filter(name => now.includes(name));
		await sleep(INTERVAL);
	}
	await happened;
	return fired;
}

/** Until none of these alerts is on, not even pending; all if none are named. */
export async function untilSilent(
	prometheus: Prometheus,
	timeout: number,
	names?: readonly string[]
): Promise<void> {
	const silent = async () => {
		const active = (await prometheus.alerts()).map(({ name }) => name);
		const heard = active.filter(name => names?.includes(name) ?? true);
		if (heard.length > 0) throw new Error(`still on: ${[...new Set(heard)]}`);
	};
	await eventually(silent, { timeout, interval: INTERVAL });
}
