import { jest } from "@jest/globals";
import { onTestFinished } from "./on-test-finished.ts";

/** Milliseconds for which a gateway waits for the application to let a stream open. */
const PATIENCE = 25_000;

/** Makes those pass in a moment, for timers, until the test ends. */
export function hurry(): void {
	const original = setTimeout;
	const spy = jest
		.spyOn(globalThis, "setTimeout")
		.mockImplementation(((callback: () => void, delay: number, ...args: []) =>
			original(callback, delay === PATIENCE ? 50 : delay, ...args)) as typeof setTimeout);
	onTestFinished(() => spy.mockRestore());
}
