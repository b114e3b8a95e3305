import { toError } from "../../core/errors/guard.ts";

/**
 * A promise that, when it rejects and nobody listens, reports that instead of ending the process with an unhandledRejection: a
 * push must never take down the service that sends it.
 *
 * A subclass, because `await` and `Promise.resolve` go straight to the internal slots of a plain Promise, and would bypass an
 * overridden `then`.
 */
class UnawaitedPromise<T> extends Promise<T> {
	awaited = false;

	// Promises that a caller derives from this one are the caller's own, and ordinary.
	static override get [Symbol.species](): PromiseConstructor {
		return Promise;
	}

	// biome-ignore lint/suspicious/noThenProperty: noticing that somebody awaits it is its purpose
	override then<A = T, B = never>(
		onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
		onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null
	): Promise<A | B> {
		this.awaited = true;
		return super.then(onFulfilled, onRejected);
	}
}

/**
 * The same promise, except that nobody needs to listen to it.
 *
 * @param onUnawaited Called in the next turn of the event loop after the rejection if nothing has awaited it by then: when Node
 * would have raised the unhandledRejection.
 */
export function reportIfUnhandled<T>(
	work: Promise<T>,
	onUnawaited: (error: Error) => void
): Promise<T> {
	const promise = new UnawaitedPromise<T>((resolve, reject) => work.then(resolve, reject));
	Promise.prototype.then.call(promise, undefined, (reason: unknown) => {
		setImmediate(() => {
			if (!promise.awaited) onUnawaited(toError(reason));
		});
	});
	return promise;
}

/**
 * Calls back when a promise has settled, without counting as code that awaits it.
 *
 * @param callback Gets the reason of a rejection, or undefined; must not throw.
 */
export function whenSettled(promise: Promise<unknown>, callback: (reason?: unknown) => void): void {
	Promise.prototype.then.call(promise, () => callback(), callback);
}
