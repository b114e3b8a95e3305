import { toError } from "../../core/errors/guard.ts";

/**
 * A promise that rejects, and that tells when nobody was listening, instead of ending the process
 * with an unhandledRejection: a push must never take down the service that sends it.
 *
 * A subclass, because `await` and `Promise.resolve` go straight to the internal slots of a plain
 * Promise and would pass by an overridden `then`.
 */
class UnawaitedPromise<T> extends Promise<T> {
	awaited = false;

	// What a caller derives from this promise is the caller's own, and an ordinary one.
	static override get [Symbol.species](): PromiseConstructor {
		return Promise;
	}

	// biome-ignore lint/suspicious/noThenProperty: to notice that somebody awaits is its purpose
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
 * @param onUnawaited Called in the next turn of the event loop after it has rejected if nothing has
 * awaited by then: the moment at which Node would have raised the unhandledRejection.
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
