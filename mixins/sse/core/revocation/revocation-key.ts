/**
 * Which revocation it is: one may come in two ways, as a Moleculer event and on a stream, and there in parts.
 */
export interface RevocationKey {
	readonly id: string;
	/** Counts from 1. */
	readonly part: number;
	readonly parts: number;
}
