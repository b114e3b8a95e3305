/** Each bucket is 2 % wider than the one before: as exact as the clock, and bounded. */
const GROWTH = Math.log(1.02);

/** Number of durations of each length, in microseconds. Plain data, to be sent and added. */
export type Buckets = number[];

/** Records durations in buckets. */
export class Latencies {
	readonly buckets: Buckets;

	constructor(buckets: Buckets = []) {
		this.buckets = buckets;
	}

	add(microseconds: number): void {
		const bucket = Math.round(Math.log(Math.max(1, microseconds)) / GROWTH);
		while (this.buckets.length <= bucket) this.buckets.push(0);
		this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
	}

	merge(buckets: Buckets): void {
		while (this.buckets.length < buckets.length) this.buckets.push(0);
		for (const [at, count] of buckets.entries()) {
			this.buckets[at] = (this.buckets[at] ?? 0) + count;
		}
	}

	/** Microseconds that this share of all durations does not exceed; NaN if there are none. */
	quantile(share: number): number {
		const total = this.buckets.reduce((sum, count) => sum + count, 0);
		if (total === 0) return Number.NaN;
		let seen = 0;
		const bucket = this.buckets.findIndex(count => {
			seen += count;
			return seen >= total * share;
		});
		return Math.exp(bucket * GROWTH);
	}
}
