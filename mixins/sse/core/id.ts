/** Gives events their ids: one sequence an origin and epoch, without holes. */
export interface IdSource {
	/** The next id, `<origin>.<epoch>.<seq>`; `seq` counts from 1. */
	next(): string;
}

/**
 * @param origin The sending node's id. Written so that it fits a header whatever it holds.
 * @param epoch One life of that node: a restart begins a new one, so that a sequence that starts
 * again at 1 is never taken for the old one's.
 */
export function createIdSource(origin: string, epoch: string): IdSource {
	const prefix = `${encodeURIComponent(origin.toWellFormed())}.${epoch}.`;
	let seq = 0;
	return {
		next: () => prefix + ++seq
	};
}
