/** Runs tasks, a number of them at a time, in order. */
export async function inPool(
	tasks: readonly (() => Promise<void>)[],
	atATime: number
): Promise<void> {
	const queue = [...tasks];
	const work = async (): Promise<void> => {
		for (let task = queue.shift(); task !== undefined; task = queue.shift()) await task();
	};
	await Promise.all(Array.from({ length: atATime }, work));
}
