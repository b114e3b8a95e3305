import type { EventStream } from "../http/event-stream.ts";

/** Milliseconds between two looks at whose turn it is. */
const STEP = 20;

/**
 * Closes streams one after the other, in random order and evenly over a window, so that those who come
 * back do not all come at once.
 *
 * @param close Closes one stream; streams that have ended meanwhile are closed again, to no effect.
 * @returns Closes no more.
 */
export function closeOver(
	window: number,
	streams: Iterable<EventStream>,
	close: (stream: EventStream) => void
): () => void {
	const order = shuffled([...streams]);
	const began = performance.now();
	let next = 0;
	const timer = setInterval(() => {
		const part = Math.min(1, (performance.now() - began) / window);
		const turn = Math.floor(part * order.length);
		while (next < turn) close(order[next++] as EventStream);
		if (part === 1) clearInterval(timer);
	}, STEP);
	return () => clearInterval(timer);
}

function shuffled<T>(items: T[]): T[] {
	for (let last = items.length - 1; last > 0; last--) {
		const other = Math.floor(Math.random() * (last + 1));
		[items[last], items[other]] = [items[other] as T, items[last] as T];
	}
	return items;
}
