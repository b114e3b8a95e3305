/**
 * Milliseconds that the application has to let a stream open, or to refuse it. Proxies give up after 30 seconds or more and
 * answer 504, after which EventSource does not reconnect.
 */
export const PATIENCE = 25_000;

/** The same while the gateway stops: most of the steps that a request passes then take no time. */
const PATIENCE_WHEN_STOPPING = 250;

/** What becomes of a request if the application neither lets its stream open nor refuses it. Neither throws. */
export interface Waiting {
	/** It has taken too long. */
	tooLong(): void;
	/** The gateway stops. */
	sendOn(): void;
}

/**
 * Requests for streams, from when their route is known until they are answered. What a route calls belongs to the application, and
 * may never return; a server that closes would wait for it.
 */
export class WaitingRequests {
	readonly #isStopping: () => boolean;
	readonly #waiting = new Set<() => void>();

	constructor(isStopping: () => boolean) {
		this.#isStopping = isStopping;
	}

	/** @returns To be called when the request has been answered. */
	add(request: Waiting): () => void {
		const isStopping = this.#isStopping();
		const done = (): void => {
			clearTimeout(timer);
			this.#waiting.delete(sendOn);
		};
		const sendOn = (): void => {
			done();
			request.sendOn();
		};
		const tooLong = (): void => {
			done();
			request.tooLong();
		};
		const timer = isStopping
			? setTimeout(sendOn, PATIENCE_WHEN_STOPPING)
			: setTimeout(tooLong, PATIENCE);
		timer.unref();
		this.#waiting.add(sendOn);
		return done;
	}

	/** Answers all of them: the gateway has begun to stop. */
	sendOn(): void {
		for (const sendOn of [...this.#waiting]) sendOn();
	}
}
