import { setTimeout as delay } from "node:timers/promises";
import type { Channel } from "amqplib";
import type { Logger } from "moleculer";
import { inTime } from "./in-time.ts";

/** Milliseconds between the end of a channel, or of an attempt to open one, and the next attempt. */
const RECONNECT = 1000;
/** Milliseconds in which a channel has to be made ready. */
const SET_UP = 10_000;

/** A channel on a connection of its own. */
export interface OpenChannel {
	readonly channel: Channel;
	/** Rejects with the reason when the channel, or its connection, is lost. */
	readonly lost: Promise<never>;
	/** Closes the connection. Never rejects, and may be called when the connection has gone. */
	close(): Promise<void>;
}

/** What a channel is for. */
export interface ChannelUse {
	/** Opens a channel. Rejects, and leaves no connection open, when the signal aborts. */
	open(signal: AbortSignal): Promise<OpenChannel>;
	/** Makes a new channel ready. If it rejects, the channel is closed and another one opened. */
	setUp(channel: Channel): Promise<void>;
	/** The channel must not be used any more: it is lost, or is about to be closed. */
	onLost(channel: Channel): void;
}

/** From a start to the next stop. */
interface Life {
	/** Aborts when no further channel is to be opened. */
	readonly ending: AbortController;
	/** Resolves when the present channel is to be closed. */
	readonly closing: PromiseWithResolvers<void>;
	/** Resolves when nothing is open any more. */
	ended: Promise<void>;
}

/**
 * One channel, opened again whenever it is lost. The next one is opened only after the connection of the last one has closed: so
 * there are never two of them, and what happens to an old one late is not mistaken for the new one's.
 */
export class ReconnectingChannel {
	readonly #use: ChannelUse;
	readonly #logger: Logger;
	#life: Life | undefined;
	#present: { readonly channel: Channel; replace(reason: Error): void } | undefined;
	/** What was logged last: an outage is logged once, not once a second. */
	#trouble: string | undefined;

	constructor(use: ChannelUse, logger: Logger) {
		this.#use = use;
		this.#logger = logger;
	}

	/** Resolves when the first attempt has succeeded or failed. More attempts follow by themselves, until `stop`. */
	async start(): Promise<void> {
		if (this.#life !== undefined) return;
		const attempted = Promise.withResolvers<void>();
		const life: Life = {
			ending: new AbortController(),
			closing: Promise.withResolvers(),
			ended: Promise.resolve()
		};
		this.#life = life;
		life.ended = this.#keepOpen(life, attempted.resolve);
		await attempted.promise;
	}

	/**
	 * Opens no more channels, and closes the present one when `work` has ended. Resolves when its connection has closed; it can be
	 * started again then.
	 */
	async stop(work: Promise<void>): Promise<void> {
		const life = this.#life;
		this.#life = undefined;
		life?.ending.abort();
		await work;
		life?.closing.resolve();
		await life?.ended;
	}

	/** Closes a channel that is of no more use, and opens another. Does nothing if that has happened already. */
	replace(channel: Channel, reason: Error): void {
		if (this.#present?.channel === channel) this.#present.replace(reason);
	}

	async #keepOpen(life: Life, onAttempt: () => void): Promise<void> {
		const { signal } = life.ending;
		while (!signal.aborted) {
			try {
				await this.#useOne(life, onAttempt);
			} catch (error) {
				if (!signal.aborted) this.#complain(error as NodeJS.ErrnoException);
			}
			onAttempt();
			await delay(RECONNECT, undefined, { signal }).catch(() => {});
		}
	}

	/** Opens a channel and keeps it until the stop; rejects if it is lost before. Its connection has closed by then. */
	async #useOne({ ending: { signal }, closing }: Life, onReady: () => void): Promise<void> {
		const { channel, lost, close } = await this.#use.open(signal);
		const replaced = Promise.withResolvers<never>();
		this.#present = { channel, replace: replaced.reject };
		const end = Promise.race([lost, replaced.promise, closing.promise]);
		// it also rejects when the channel is closed here, and nobody waits any more
		end.catch(() => {});
		try {
			signal.throwIfAborted();
			await Promise.race([inTime(this.#use.setUp(channel), SET_UP), end]);
			this.#recovered();
			onReady();
			await end;
		} finally {
			this.#present = undefined;
			this.#use.onLost(channel);
			await close();
		}
	}

	#complain({ message, code }: NodeJS.ErrnoException): void {
		// an error of several addresses has no message of its own
		const trouble = message || code || "it failed";
		if (trouble === this.#trouble) return;
		this.#trouble = trouble;
		this.#logger.warn(`The work queue's connection: ${trouble}. Trying again.`);
	}

	#recovered(): void {
		if (this.#trouble === undefined) return;
		this.#trouble = undefined;
		this.#logger.info("The work queue's connection works again.");
	}
}
