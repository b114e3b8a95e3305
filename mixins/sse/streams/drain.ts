import type { EventStream } from "./event-stream.ts";

/** Milliseconds between two checks of which streams are due. */
const STEP = 20;

/** Milliseconds from one stream to the next while the window has room: other gateways get 100 clients a second. */
const PACE = 10;

/**
 * Closes streams one after the other, in random order and at even intervals, so that their clients do not all come back at
 * once. The first is closed at once, and so are all if there are few: nobody waits for a window that a few streams do not need.
 *
 * @param longest Most milliseconds over which they are closed.
 * @param close Closes one stream; it is also called, without effect, for streams that have ended meanwhile.
 * @param done Called when all are closed, unless all are at once.
 * @returns Stops the closing; undefined if all are closed already.
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
