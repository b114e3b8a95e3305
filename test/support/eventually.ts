import { setTimeout as sleep } from "node:timers/promises";

/** How long `eventually` tries and how often. */
export interface Patience {
	/** Milliseconds until it gives up. Default 5000. */
	readonly timeout?: number;
	/** Milliseconds between two attempts. Default 20. */
	readonly interval?: number;
}

const LATE: unique symbol = Symbol("late");

/**
 * Runs `assertion` until it does not throw, and returns what it returned.
 *
 * Gives up after `timeout`, even while an attempt hangs, with the last attempt's own error, so that the runner still shows the
 * difference of expected and received; its message says how long it waited.
 */
export async function eventually<T>(
	assertion: () => T | Promise<T>,
	{ timeout = 5_000, interval = 20 }: Patience = {}
): Promise<T> {
	const deadline = performance.now() + timeout;
	let last: unknown = new Error("the first attempt did not end");
	let attempts = 0;
	do {
		attempts++;
		try {
			const result = await withDeadline(assertion, deadline);
			// A timer may be early by a fraction of a millisecond: there is no other attempt all the same.
			if (result === LATE) break;
			return result;
		} catch (error) {
			last = error;
		}
		await sleep(Math.max(0, Math.min(interval, deadline - performance.now())));
	} while (performance.now() < deadline);

	const error = last instanceof Error ? last : new Error(String(last));
	const { message, stack = "" } = error;
	error.message = `not within ${timeout} ms (${attempts} attempts): ${message}`;
	error.stack = stack.replace(message, () => error.message);
	throw error;
}

async function withDeadline<T>(
	assertion: () => T | Promise<T>,
	deadline: number
): Promise<T | typeof LATE> {
	const timer = new AbortController();
	const left = Math.max(0, deadline - performance.now());
	const late: Promise<typeof LATE> = sleep(left, null, { signal: timer.signal }).then(
		() => LATE,
		() => LATE
	);
	try {
		return await Promise.race([assertion(), late]);
	} finally {
		timer.abort();
	}
}
