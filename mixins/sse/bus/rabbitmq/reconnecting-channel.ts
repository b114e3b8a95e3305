import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ChannelModel } from "amqplib";
import type { Logger } from "moleculer";
import { guard } from "../../core/errors/guard.ts";
import { describe } from "./amqp-error.ts";
import {
	type AmqpAddress,
	loadClient,
	type StartedManager,
	startManager
} from "./connection-manager.ts";
import { hangUp } from "./hang-up.ts";

/** Milliseconds before a channel is opened again; doubled by each failure, up to `REOPEN_MAX`. */
const REOPEN_MIN = 100;
const REOPEN_MAX = 2000;
/** Milliseconds that the message broker has to close a connection gracefully; then its socket is destroyed. */
const CLOSE_TIMEOUT = 2000;

/** The work that a channel does. */
export interface ChannelHandler<Kind extends Channel> {
	/** For logs, and for RabbitMQ's list of connections. */
	readonly name: string;
	createChannel(connection: ChannelModel): Promise<Kind>;
	/**
	 * Prepares a new channel for its work. If it rejects, the channel is closed and another one opened.
	 *
	 * @param signal Aborted when the channel is lost, after which another one may be in use, and when it is to be closed:
	 * `setUp` must check it before whatever it starts.
	 */
	setUp(channel: Kind, connection: ChannelModel, signal: AbortSignal): Promise<void>;
	/** The channel is lost, or is to be closed: its work ends at once. May be called again for the same channel. */
	onLost(): void;
}

/** One channel on a connection of its own, opened again whenever the channel or the connection is lost. */
export class ReconnectingChannel<Kind extends Channel> {
	readonly #handler: ChannelHandler<Kind>;
	readonly #logger: Logger;
	#started: StartedManager | undefined;
	#connection: ChannelModel | undefined;
	#working = false;
	/** Whether the channel's work has not been possible on this connection so far. */
	#failing = false;
	/** What was logged last, so that each problem is logged once. */
	#trouble: string | undefined;
	/** Aborted when it is to be closed. */
	readonly #closing = new AbortController();
	#closed: Promise<void> | undefined;

	constructor(handler: ChannelHandler<Kind>, logger: Logger) {
		this.#handler = handler;
		this.#logger = logger;
	}

	get connected(): boolean {
		return this.#connection !== undefined;
	}

	/** Whether the message broker is connected, and has not refused the channel's work. */
	get promising(): boolean {
		return this.#connection !== undefined && !this.#failing;
	}

	/** Whether the channel is ready for its work. */
	get working(): boolean {
		return this.#working;
	}

	/** Starts to connect, and keeps trying until it is closed. */
	async open(address: AmqpAddress): Promise<void> {
		const client = await loadClient();
		if (this.#closing.signal.aborted) return;
		this.#started = startManager(client, address, this.#handler.name);
		const { manager } = this.#started;
		// A listener that throws would keep the manager from ever reconnecting.
		const safely = <Event>(listener: (event: Event) => void) => guard(this.#complain, listener);
		manager.on(
			"connect",
			safely(({ connection }) => {
				if (this.#closing.signal.aborted) return;
				this.#connection = connection as unknown as ChannelModel; // its types are of an older amqplib
				this.#failing = false;
				this.#keepOpen(this.#connection);
			})
		);
		manager.on(
			"connectFailed",
			safely(({ err }) => this.#complain(err))
		);
		manager.on(
			"disconnect",
			safely(({ err }) => {
				this.#connection = undefined;
				this.#complain(err);
			})
		);
	}

	/** Ends the channel's work at once, and then the connection, which is cut off if RabbitMQ does not answer. */
	close(): Promise<void> {
		this.#closed ??= this.#close();
		return this.#closed;
	}

	async #close(): Promise<void> {
		this.#closing.abort();
		const isConnected = this.#connection !== undefined;
		this.#connection = undefined;
		if (this.#started === undefined) return;
		const { manager, cutOff } = this.#started;
		const closed = (async () => manager.close())().catch(() => {});
		if (isConnected) {
			const waiting = new AbortController();
			const late = delay(CLOSE_TIMEOUT, undefined, waiting).catch(() => {});
			await Promise.race([closed, late]);
			waiting.abort();
		}
		cutOff();
	}

	async #keepOpen(connection: ChannelModel): Promise<void> {
		const { signal } = this.#closing;
		let pause = REOPEN_MIN;
		while (connection === this.#connection && !signal.aborted) {
			try {
				await this.#use(connection, () => {
					pause = REOPEN_MIN;
				});
			} catch (error) {
				this.#failing = true;
				this.#complain(error);
			}
			await delay(pause, undefined, { signal }).catch(() => {});
			pause = Math.min(pause * 2, REOPEN_MAX);
		}
	}

	/** Resolves or rejects when the channel is lost. */
	async #use(connection: ChannelModel, onReady: () => void): Promise<void> {
		const channel = await this.#handler.createChannel(connection);
		const { promise: lost, resolve, reject } = Promise.withResolvers<void>();
		const life = new AbortController();
		// Closing a connection may take time, and until it is closed, amqplib throws on any use of its channels.
		const end = () => {
			this.#working = false;
			life.abort();
			this.#handler.onLost();
			resolve();
		};
		const { signal } = this.#closing;
		signal.addEventListener("abort", end);
		channel.on("error", reject);
		channel.on("close", resolve);
		try {
			signal.throwIfAborted();
			const closed = lost.then(() => Promise.reject(new Error("the channel was closed")));
			await Promise.race([this.#handler.setUp(channel, connection, life.signal), closed]);
			this.#working = true;
			this.#failing = false;
			this.#recovered();
			onReady();
			await lost;
		} finally {
			signal.removeEventListener("abort", end);
			end();
			hangUp(channel);
		}
	}

	/** @param error The reason that amqplib gave; undefined if it gave none. */
	readonly #complain = (error: unknown): void => {
		if (this.#closing.signal.aborted) return;
		const trouble = describe(error);
		if (trouble === this.#trouble) return;
		this.#trouble = trouble;
		this.#logger.warn(`SSE: ${this.#handler.name}: ${trouble}. Trying again.`);
	};

	#recovered(): void {
		if (this.#trouble === undefined) return;
		this.#trouble = undefined;
		this.#logger.info(`SSE: ${this.#handler.name}: works again.`);
	}
}
