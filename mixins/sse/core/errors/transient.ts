/** Statuses below 500 after which the same request may succeed later (RFC 9110, 15.5.9; RFC 8470; RFC 6585). */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429]);

/** The fields in which errors of Moleculer, moleculer-web, Express and `http-errors` say what they are. */
interface Told {
	readonly code?: unknown;
	readonly status?: unknown;
	readonly statusCode?: unknown;
	readonly retryable?: unknown;
}

/** The HTTP status that an error asks for; undefined if it asks for none, like most faults. */
export function statusOf(thrown: unknown): number | undefined {
	const { code, status, statusCode } = told(thrown);
	return [code, status, statusCode].find(isErrorStatus);
}

/**
 * Whether what was thrown is temporary: the same request may succeed later. Everything is, except an error whose status blames
 * the client; a service that is unavailable says 404, and that it is retryable.
 */
export function isTransient(thrown: unknown): boolean {
	if (told(thrown).retryable === true) return true;
	const status = statusOf(thrown) ?? 500;
	return status >= 500 || TRANSIENT.has(status);
}

/** Whether what was thrown is a fault, and not an intended answer: its stack is worth reading. */
export function isFault(thrown: unknown): boolean {
	return told(thrown).retryable !== true && statusOf(thrown) === undefined;
}

/** Empty if reading throws, as a getter may: then it is a fault. */
function told(thrown: unknown): Told {
	if (typeof thrown !== "object" || thrown === null) return {};
	try {
		const { code, status, statusCode, retryable } = thrown as Told;
		return { code, status, statusCode, retryable };
	} catch {
		return {};
	}
}

function isErrorStatus(value: unknown): value is number {
	return typeof value === "number" && Number.isInteger(value) && value >= 400 && value < 600;
}
