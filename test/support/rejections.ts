import { setImmediate as turn } from "node:timers/promises";
import { onTestFinished } from "./on-test-finished.ts";

/**
 * Watches for unhandled rejections until the test ends.
 *
 * @returns A function that waits for the turn of the event loop in which Node raises them, and returns their reasons
 */
export function watchRejections(): () => Promise<readonly unknown[]> {
	const reasons: unknown[] = [];
	const record = (reason: unknown) => reasons.push(reason);
	process.on("unhandledRejection", record);
	onTestFinished(() => {
		process.off("unhandledRejection", record);
	});
	return async () => {
		await turn();
		await turn();
		return reasons;
	};
}
