import { onTestFinished } from "./on-test-finished.ts";

/** Sets an environment variable until the test ends. */
export function stubEnv(name: string, value: string): void {
	const before = process.env[name];
	process.env[name] = value;
	onTestFinished(() => {
		if (before === undefined) delete process.env[name];
		else process.env[name] = before;
	});
}
