/**
 * What was thrown, as an error: libraries also throw and reject with strings, and with nothing. Never throws, although
 * converting an object without a prototype to text does.
 */
export function toError(thrown: unknown): Error {
	try {
		return thrown instanceof Error ? thrown : new Error(String(thrown));
	} catch {
		return new Error(UNTOLD);
	}
}

/** What was thrown, for the log: with its stack. Never throws. */
export function stackOf(thrown: unknown): string {
	const error = toError(thrown);
	try {
		return String(error.stack || reasonOf(error));
	} catch {
		return reasonOf(error);
	}
}

/** What was thrown, in one line: name and message, or what of them can be written. Never throws. */
export function lineOf(thrown: unknown): string {
	try {
		return String(toError(thrown));
	} catch {
		return reasonOf(thrown);
	}
}

/** The message of what was thrown, for a log. Never throws. */
export function reasonOf(thrown: unknown): string {
	try {
		return String(toError(thrown).message);
	} catch {
		return UNTOLD;
	}
}

const UNTOLD = "what was thrown has no text";

/**
 * Wraps a callback for a timer, an emitter or a library. An error that it throws goes to `report` and no further: in the caller
 * it would end the process, or the connection that the caller serves.
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
