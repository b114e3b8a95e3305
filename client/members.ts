/** Of a leader: the other tabs, which names they want, and where they are. */
export interface Members {
	/** The names of all, and the leader's own. */
	union(own: readonly string[]): string[];
	/** @returns False if the stream would have too many names with the tab's: it has to have its own stream. */
	add(from: string, names: readonly string[], own: readonly string[]): boolean;
	/** @returns Whether it was there. */
	remove(from: string): boolean;
	/** From now on, all have to answer. */
	call(): void;
	/** Forgets those that have not. */
	forget(): void;
	/**
	 * The names of all together were refused: lets go of those who have brought others than known ones.
	 *
	 * @param limit Names that a stream may have from now on.
	 * @returns Whether there were any.
	 */
	retreat(known: readonly string[], limit: number): boolean;
}

export function createMembers(): Members {
	const byTab = new Map<string, readonly string[]>();
	/** Those that have not answered since they were called. */
	let silent = new Set<string>();
	/** Names that a stream may have: as many were refused. */
	let most = Number.POSITIVE_INFINITY;

	const union = (own: readonly string[]): string[] =>
		[...new Set([...own, ...[...byTab.values()].flat()])].sort();
	const remove = (from: string): boolean => byTab.delete(from);
	return {
		union,
		add(from, names, own) {
			silent.delete(from);
			byTab.set(from, names);
			return union(own).length <= most || !remove(from);
		},
		remove,
		call() {
			silent = new Set(byTab.keys());
		},
		forget() {
			silent.forEach(remove);
		},
		retreat(known, limit) {
			const before = byTab.size;
			for (const [from, names] of byTab) if (!areIn(names, known)) remove(from);
			const hasAny = byTab.size < before;
			if (hasAny) most = limit;
			return hasAny;
		}
	};
}

export const areIn = (names: readonly string[], all: readonly string[]): boolean =>
	names.every(name => all.includes(name));
