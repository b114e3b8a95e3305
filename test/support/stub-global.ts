import { onTestFinished } from "./on-test-finished.ts";

/** Has a global be another value until the test ends. */
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
