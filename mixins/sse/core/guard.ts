/** What was thrown, as an error: libraries throw and reject with strings, and with nothing, too. */
export function toError(thrown: unknown): Error {
	if (thrown instanceof Error) return thrown;
	try {
		return new Error(String(thrown));
	} catch {
		// Not everything can be written as text.
		return new Error(`a ${typeof thrown}`);
	}
}

/** What was thrown, as the log has it: with its stack. */
export function stackOf(thrown: unknown): string {
	const error = toError(thrown);
	return error.stack || String(error);
}

/**
 * A callback for a timer, an emitter or a library. What it throws goes to `report` and no further: in its caller it
 * would end the process, or the connection that calls it.
 */
export function guard<Args extends unknown[]>(
	report: (error: Error) => void,
	callback: (...args: Args) => void
): (...args: Args) => void {
	return (...args) => {
		try {
			callback(...args);
		} catch (error) {
			report(toError(error));
		}
	};
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
	return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
