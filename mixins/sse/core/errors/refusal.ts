/** The kind of fault: the input cannot be read, violates the event contract, or is too large. */
export type RefusalKind = "invalid" | "contract" | "oversized";

/** A refused input, as a value: what is wrong, and how to fix it. A throw is a bug. */
export interface Refusal {
	/** The field that is wrong, as the sender wrote it: `sessionId`, `sessionId[2]`, … */
	readonly refused: string;
	/** One sentence that names the field and the remedy. */
	readonly message: string;
	readonly kind: RefusalKind;
}

export function refuse(field: string, message: string, kind: RefusalKind = "invalid"): Refusal {
	return { refused: field, message, kind };
}

export function isRefusal(value: unknown): value is Refusal {
	return typeof value === "object" && value !== null && "refused" in value;
}
