/** Milliseconds between two checks, and the most that one counts. */
const LOOK = 10;
const MOST = 15;

/**
 * How many milliseconds something takes, counting only those in which this process runs. On a busy machine it may stand still
 * for as long as the measured action may take; a timer that is waited for in vain takes as long as ever.
 */
export async function runningTime(action: () => unknown): Promise<number> {
	let sum = 0;
	let last = performance.now();
	const look = () => {
		const now = performance.now();
		sum += Math.min(now - last, MOST);
		last = now;
	};
	const timer = setInterval(look, LOOK);
	try {
		await action();
	} finally {
		clearInterval(timer);
	}
	look();
	return sum;
}
