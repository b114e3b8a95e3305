import type { EventStream } from "./event-stream.ts";

/** Milliseconds between two looks at whose turn it is. */
const STEP = 20;

/** Milliseconds from one stream to the next, as long as the window has room: 100 a second come back to the others. */
const PACE = 10;

/**
 * Closes streams one after the other, in random order and evenly, so that those who come back do not all come at once. The
 * first is closed at once, and so are all if there are few: nobody waits for a window that a few streams do not need.
 *
 * @param longest Milliseconds over which they are closed at most.
 * @param close Closes one stream; streams that have ended meanwhile are closed again, to no effect.
 * @param done Called when all are closed, if not all are at once.
 * @returns Closes no more; undefined if all are closed already.
 */
export function closeOver(
	longest: number,
	streams: Iterable<EventStream>,
	close: (stream: EventStream) => void,
	done: () => void = () => {}
): (() => void) | undefined {
	const order = shuffled([...streams]);
	const window = windowFor(order.length, longest);
	const began = performance.now();
	let next = 0;
	/** @returns Whether all are closed. */
	const closeDue = (): boolean => {
		const part = window > 0 ? Math.min(1, (performance.now() - began) / window) : 1;
		const due = 1 + Math.floor(part * (order.length - 1));
		while (next < due && next < order.length) close(order[next++] as EventStream);
		return next === order.length;
	};
	if (closeDue()) return undefined;
	const timer = setInterval(() => {
		if (!closeDue()) return;
		clearInterval(timer);
		done();
	}, STEP);
	return () => clearInterval(timer);
}

/** Milliseconds over which so many streams are closed. */
export function windowFor(count: number, longest: number): number {
	return Math.max(0, Math.min(longest, (count - 1) * PACE));
}

function shuffled<T>(items: T[]): T[] {
	for (let last = items.length - 1; last > 0; last--) {
		const other = Math.floor(Math.random() * (last + 1));
		[items[last], items[other]] = [items[other] as T, items[last] as T];
	}
	return items;
}
