import { setTimeout as delay } from "node:timers/promises";
import type { AmqpConnectionManager } from "amqp-connection-manager";
import type { Channel, ChannelModel } from "amqplib";
import type { Logger } from "moleculer";
import { SseError } from "../moleculer/sse-error.ts";
import { type AmqpError, describe } from "./amqp-error.ts";
import { hangUp } from "./stream.ts";

/** Seconds between two heartbeats of a connection; after two that do not come it counts as dead. */
const HEARTBEAT = 5;
/** Seconds between two attempts to connect. */
const RECONNECT = 1;
/** Milliseconds that an attempt to connect may take. */
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds before a channel is opened again; each failure doubles them. */
const REOPEN_MIN = 100;
const REOPEN_MAX = 2000;
/** Milliseconds that closing may take: the message broker may be gone. */
const CLOSE_TIMEOUT = 2000;

export interface AmqpAddress {
	/** One server, or the nodes of a cluster. */
	readonly url: string | readonly string[];
	/** As for `tls.connect`: `ca`, `cert`, `key`, … */
	readonly socketOptions?: Readonly<Record<string, unknown>>;
}

/** What a channel is for. */
export interface Purpose<Kind extends Channel> {
	/** For logs, and for RabbitMQ's list of connections. */
	readonly name: string;
	createChannel(connection: ChannelModel): Promise<Kind>;
	/**
	 * Makes a new channel ready for its work. If it rejects, the channel is closed and another opened.
	 *
	 * @param signal Aborted when the channel is lost: another one may be in use by then.
	 */
	setUp(channel: Kind, connection: ChannelModel, signal: AbortSignal): Promise<void>;
	/** The channel is of no use any more; another may follow. */
	onLost(): void;
}

/** Loaded when it is needed: applications without a stream do not have it. */
async function loadClient() {
	try {
		return await import("amqp-connection-manager");
	} catch (error) {
		throw new SseError(
			"SSE_INVALID_OPTION",
			`Option "stream" needs two packages: npm install amqplib@0.10 amqp-connection-manager. ` +
				`(${(error as Error).message.split("\n", 1)[0]})`,
			{ option: "stream" }
		);
	}
}

/** One channel on a connection of its own, opened again whenever it or its connection is lost. */
export class SteadyChannel<Kind extends Channel> {
	readonly #purpose: Purpose<Kind>;
	readonly #logger: Logger;
	#manager: AmqpConnectionManager | undefined;
	#connection: ChannelModel | undefined;
	#working = false;
	/** What the channel is for could not be done on this connection so far. */
	#failing = false;
	/** What was logged last, so that each trouble is told once. */
	#trouble: string | undefined;
	readonly #closing = new AbortController();

	constructor(purpose: Purpose<Kind>, logger: Logger) {
		this.#purpose = purpose;
		this.#logger = logger;
	}

	get connected(): boolean {
		return this.#connection !== undefined;
	}

	/** Whether the message broker is connected, and has not refused what the channel is for. */
	get promising(): boolean {
		return this.#connection !== undefined && !this.#failing;
	}

	/** Whether the channel is ready for its work. */
	get working(): boolean {
		return this.#working;
	}

	/** Begins to connect, and goes on until it is closed. */
	async open({ url, socketOptions }: AmqpAddress): Promise<void> {
		const { connect } = await loadClient();
		if (this.#closing.signal.aborted) return;
		const clientProperties = { connection_name: this.#purpose.name };
		this.#manager = connect(typeof url === "string" ? url : [...url], {
			heartbeatIntervalInSeconds: HEARTBEAT,
			reconnectTimeInSeconds: RECONNECT,
			connectionOptions: {
				noDelay: true,
				timeout: CONNECT_TIMEOUT,
				...socketOptions,
				clientProperties
			}
		});
		this.#manager.on("connect", ({ connection }) => {
			this.#connection = connection as unknown as ChannelModel; // its types are of an older amqplib
			this.#failing = false;
			this.#keepOpen(this.#connection);
		});
		this.#manager.on("connectFailed", ({ err }) => this.#complain(err));
		this.#manager.on("disconnect", ({ err }) => {
			this.#connection = undefined;
			this.#complain(err);
		});
	}

	async close(): Promise<void> {
		this.#closing.abort();
		const manager = this.#manager;
		if (manager === undefined) return;
		const closed = manager.close().catch(() => {});
		await Promise.race([closed, delay(CLOSE_TIMEOUT, undefined, { ref: false })]);
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
				if (!signal.aborted) this.#complain(error as AmqpError);
			}
			await delay(pause, undefined, { signal }).catch(() => {});
			pause = Math.min(pause * 2, REOPEN_MAX);
		}
	}

	/** Resolves or rejects when the channel is lost. */
	async #use(connection: ChannelModel, onReady: () => void): Promise<void> {
		const channel = await this.#purpose.createChannel(connection);
		const { promise: lost, resolve, reject } = Promise.withResolvers<void>();
		const life = new AbortController();
		channel.on("error", reject);
		channel.on("close", resolve);
		try {
			const closed = lost.then(() => Promise.reject(new Error("the channel was closed")));
			await Promise.race([this.#purpose.setUp(channel, connection, life.signal), closed]);
			this.#working = true;
			this.#failing = false;
			this.#recovered();
			onReady();
			await lost;
		} finally {
			this.#working = false;
			life.abort();
			this.#purpose.onLost();
			hangUp(channel);
		}
	}

	#complain(error: AmqpError | undefined): void {
		const trouble = describe(error);
		if (trouble === this.#trouble) return;
		this.#trouble = trouble;
		this.#logger.warn(`SSE: ${this.#purpose.name}: ${trouble}. Trying again.`);
	}

	#recovered(): void {
		if (this.#trouble === undefined) return;
		this.#trouble = undefined;
		this.#logger.info(`SSE: ${this.#purpose.name}: works again.`);
	}
}
