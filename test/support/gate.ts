/** Where something waits until the test lets it go on. */
export interface Gate<T> {
	/** What waits awaits this. */
	wait(): Promise<T>;
	/** Resolves when something waits. */
	readonly reached: Promise<void>;
	/** Lets everything go on, now and from now on. */
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
