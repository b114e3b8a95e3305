/** Identifies a revocation, which may arrive in two ways: as a Moleculer event, and on a RabbitMQ stream, there in parts. */
export interface RevocationKey {
	readonly id: string;
	/** Counts from 1. */
	readonly part: number;
	readonly parts: number;
}
