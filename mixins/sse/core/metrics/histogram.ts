/** Upper bounds of the buckets, in milliseconds. */
export const BOUNDS: readonly number[] = [
	1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000
];

/** Number of values, by their size: plain numbers, without the values themselves. */
export class Histogram {
	/** How many are in each bucket and in none before it; the last one counts values above all bounds. */
	readonly buckets: number[] = Array<number>(BOUNDS.length + 1).fill(0);
	count = 0;
	sum = 0;
	/** The most recent value. */
	last = 0;

	/** @param value In milliseconds. Two machines' clocks differ: a negative value counts as 0. */
	observe(value: number): void {
		const time = value > 0 ? value : 0;
		let bucket = 0;
		while (bucket < BOUNDS.length && time > (BOUNDS[bucket] as number)) bucket++;
		this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
		this.count++;
		this.sum += time;
		this.last = time;
	}
}
