import { setImmediate as turn } from "node:timers/promises";
import { onTestFinished } from "./on-test-finished.ts";

/**
 * Watches for unhandled rejections until the test ends.
 *
 * @returns what settles the event loop's turn, in which Node raises them, and answers their reasons
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
