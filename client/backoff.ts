/** Milliseconds that a timer takes at most: a longer one would be over at once. */
export const LONGEST: number = 2 ** 31 - 1;

const FIRST = 1000;
const MOST = 30_000;

/**
 * How long to wait before the next attempt, in milliseconds: anything up to a bound that doubles with each failure, so that
 * clients that failed together come back apart.
 *
 * @param failures Attempts that have failed since the last success, 1 or more.
 */
export function backoff(failures: number): number {
	return Math.random() * Math.min(MOST, FIRST * 2 ** (failures - 1));
}
