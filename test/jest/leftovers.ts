import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds within which what tests have started has to end after them. */
const PATIENCE = 5_000;

/** What keeps the process running: sockets, timers, child processes, … */
export class Leftovers {
	readonly #before: ReadonlyMap<string, number>;

	constructor() {
		// Node opens these when they are used for the first time: by a test, perhaps, whose they are not.
		void [process.stdout, process.stderr];
		this.#before = count();
	}

	/** Waits until nothing more runs than when this was made; answers what runs all the same. */
	async settle(): Promise<readonly string[]> {
		const late = performance.now() + PATIENCE;
		for (;;) {
			const left = this.#added();
			if (left.length === 0 || performance.now() > late) return left;
			await sleep(10);
		}
	}

	#added(): string[] {
		return [...count()].flatMap(([kind, times]) => {
			const added = times - (this.#before.get(kind) ?? 0);
			return added > 0 ? [`${added} ${kind}`] : [];
		});
	}
}

function count(): Map<string, number> {
	const counts = new Map<string, number>();
	for (const kind of process.getActiveResourcesInfo())
		counts.set(kind, (counts.get(kind) ?? 0) + 1);
	return counts;
}
