/** Share of a full map that is dropped at a time. */
const PART = 0.1;

/**
 * Sets a key as the newest one of a map, and drops the oldest if there are too many. It drops a share at a time, because
 * finding the oldest key steps over all keys that were deleted since the map was last rebuilt.
 *
 * @param map Keys that are set in it directly keep their place.
 * @param most Entries that it may hold.
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
