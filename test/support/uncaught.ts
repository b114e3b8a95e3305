import { onTestFinished } from "./on-test-finished.ts";

/** Errors that would end the process, until the test ends. */
export function watchUncaught(): readonly unknown[] {
	const errors: unknown[] = [];
	const record = (error: unknown) => void errors.push(error);
	process.on("uncaughtException", record);
	onTestFinished(() => void process.off("uncaughtException", record));
	return errors;
}
