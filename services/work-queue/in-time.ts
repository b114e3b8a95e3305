import { setTimeout as delay } from "node:timers/promises";

/** Rejects if nothing comes of it in time: RabbitMQ may have stopped, or read nothing for want of memory. */
export async function inTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
	const timer = new AbortController();
	const late = delay(milliseconds, undefined, { signal: timer.signal }).then(() => {
		throw new Error("no answer");
	});
	return Promise.race([answer, late]).finally(() => timer.abort());
}
