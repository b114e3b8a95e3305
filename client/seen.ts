/** Ids that are remembered, at least; up to twice as many are. */
const BOUND = 5000;

/** The ids that have come, in their order: the latest of them. */
export interface Seen {
	has(id: string): boolean;
	/** @returns False if it was there. */
	add(id: string): boolean;
	/** Which of some ids came first; undefined if none of them is known. */
	oldest(ids: ReadonlySet<string>): string | undefined;
}

export function createSeen(bound: number = BOUND): Seen {
	let older = new Set<string>();
	let newer = new Set<string>();
	const has = (id: string): boolean => newer.has(id) || older.has(id);
	return {
		has,
		add(id) {
			if (has(id)) return false;
			if (newer.size >= bound) {
				older = newer;
				newer = new Set();
			}
			newer.add(id);
			return true;
		},
		oldest(ids) {
			return [...older, ...newer].find(id => ids.has(id));
		}
	};
}
