import { onTestFinished } from "./on-test-finished.ts";

/** Replaces a global until the test ends. */
export function stubGlobal<Name extends keyof typeof globalThis>(
	name: Name,
	value: (typeof globalThis)[Name]
): void {
	const before = globalThis[name];
	globalThis[name] = value;
	onTestFinished(() => {
		globalThis[name] = before;
	});
}
