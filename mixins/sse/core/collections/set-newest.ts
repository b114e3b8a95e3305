/** Part of a full map that is let go of at a time. */
const PART = 0.1;

/**
 * Sets a key of a map as its newest, and lets go of the oldest if there are too many. A part at a time: looking for
 * the oldest one passes over all that went since the map was last rebuilt.
 *
 * @param map What is set in it otherwise keeps its place.
 * @param most Entries that there may be.
 */
export function setNewest<Key, Value>(
	map: Map<Key, Value>,
	key: Key,
	value: Value,
	most: number
): void {
	map.delete(key);
	map.set(key, value);
	if (map.size <= most) return;
	let left = Math.ceil(most * PART);
	for (const oldest of map.keys()) {
		map.delete(oldest);
		if (--left === 0) return;
	}
}
