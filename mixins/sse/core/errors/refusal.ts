/** A refused input, as a value: what is wrong, and how to fix it. A throw is a bug. */
export interface Refusal {
	/** The field that is wrong, as the sender wrote it: `sessionId`, `sessionId[2]`, … */
	readonly refused: string;
	/** One sentence that names the field and the remedy. */
	readonly message: string;
}

export function refuse(field: string, message: string): Refusal {
	return { refused: field, message };
}

export function isRefusal(value: unknown): value is Refusal {
	return typeof value === "object" && value !== null && "refused" in value;
}
