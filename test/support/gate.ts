/** A point at which code waits until the test lets it go on. */
export interface Gate<T> {
	/** Awaited by the code that waits. */
	wait(): Promise<T>;
	/** Resolves when something waits. */
	readonly reached: Promise<void>;
	/** Lets everything go on, now and later. */
	open(value: T): void;
}

export function createGate<T = void>(): Gate<T> {
	const reached = Promise.withResolvers<void>();
	const opened = Promise.withResolvers<T>();
	return {
		wait() {
			reached.resolve();
			return opened.promise;
		},
		reached: reached.promise,
		open: opened.resolve
	};
}
