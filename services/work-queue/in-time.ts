import { setTimeout as delay } from "node:timers/promises";

/** Rejects if there is no answer in time. RabbitMQ may hang, and it reads nothing while it is short of memory. */
export async function inTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
	const timer = new AbortController();
	const late = delay(milliseconds, undefined, { signal: timer.signal }).then(() => {
		throw new Error("no answer");
	});
	return Promise.race([answer, late]).finally(() => timer.abort());
}
