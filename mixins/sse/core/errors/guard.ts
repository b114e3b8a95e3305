/**
 * What was thrown, as an error: libraries throw and reject with strings, and with nothing, too. Never throws itself, as
 * making a text of an object without a prototype does.
 */
export function toError(thrown: unknown): Error {
	try {
		return thrown instanceof Error ? thrown : new Error(String(thrown));
	} catch {
		return new Error(UNTOLD);
	}
}

/** What was thrown, as the log has it: with its stack. Never throws. */
export function stackOf(thrown: unknown): string {
	const error = toError(thrown);
	try {
		return error.stack || reasonOf(error);
	} catch {
		return reasonOf(error);
	}
}

/** What was thrown, in a line: its name and what it says. Never throws. */
export function lineOf(thrown: unknown): string {
	try {
		return String(toError(thrown));
	} catch {
		return UNTOLD;
	}
}

/** What it says, for a log. Never throws. */
export function reasonOf(thrown: unknown): string {
	try {
		return String(toError(thrown).message);
	} catch {
		return UNTOLD;
	}
}

const UNTOLD = "what was thrown has no text";

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
