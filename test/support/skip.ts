/** Thrown by a test that cannot be run here; `test/jest/environment.ts` counts it as skipped. */
class Skipped extends Error {
	override readonly name = "Skipped";
}

/** Ends the running test, which is then skipped, and not failed. The reason is printed. */
export function skip(reason: string): never {
	if (reason.trim() === "") throw new Error("skip: says no reason");
	throw new Skipped(reason);
}
