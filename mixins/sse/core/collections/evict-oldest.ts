/** Part of a full map that is let go of at a time. */
const PART = 0.1;

/**
 * Lets go of the oldest entries of a map in which there are too many; the order is that in which keys were set. A part
 * at a time: looking for the oldest one passes over all that went since the map was last rebuilt.
 *
 * @param most Entries that there may be.
 */
export function evictOldest(map: Map<unknown, unknown>, most: number): void {
	if (map.size <= most) return;
	let left = Math.ceil(most * PART);
	for (const key of map.keys()) {
		map.delete(key);
		if (--left === 0) return;
	}
}
