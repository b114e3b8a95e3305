import type { AmqpConnectionManager, connect } from "amqp-connection-manager";
import { reasonOf } from "../../core/errors/guard.ts";
import { SseError } from "../../moleculer/sse-error.ts";

/** Seconds between two heartbeats of a connection, which counts as dead once two are missing. */
const HEARTBEAT = 5;
/** Seconds between two attempts to connect. */
const RECONNECT = 1;
/** Milliseconds that an attempt to connect may take. */
const CONNECT_TIMEOUT = 10_000;

export interface AmqpAddress {
	/** One server, or the nodes of a cluster. */
	readonly url: string | readonly string[];
	/** As for `tls.connect`: `ca`, `cert`, `key`, … */
	readonly socketOptions?: Readonly<Record<string, unknown>>;
}

/** The part of the package that is used. */
interface Client {
	readonly connect: typeof connect;
}

/** Loaded when needed, because applications without a RabbitMQ stream do not install it. */
export async function loadClient(): Promise<Client> {
	try {
		return await import("amqp-connection-manager");
	} catch (error) {
		throw new SseError(
			"SSE_INVALID_OPTION",
			`Option "stream" needs two packages: npm install amqplib@0.10 amqp-connection-manager. ` +
				`(${reasonOf(error).split("\n", 1)[0]})`,
			{ option: "stream" }
		);
	}
}

/** A manager that connects, and reconnects, until it is closed. */
export interface StartedManager {
	readonly manager: AmqpConnectionManager;
	/**
	 * Destroys the socket of its connection, or of its attempt to connect, for good: amqplib then stops its timers and waits
	 * for no more answers.
	 */
	cutOff(): void;
}

/** @param name Shown in RabbitMQ's list of connections. */
export function startManager(
	client: Client,
	{ url, socketOptions }: AmqpAddress,
	name: string
): StartedManager {
	let attempt = new AbortController();
	const connectionOptions = {
		noDelay: true,
		timeout: CONNECT_TIMEOUT,
		...socketOptions,
		signal: attempt.signal,
		clientProperties: { connection_name: name }
	};
	const manager = client.connect(typeof url === "string" ? url : [...url], {
		heartbeatIntervalInSeconds: HEARTBEAT,
		reconnectTimeInSeconds: RECONNECT,
		connectionOptions
	});
	// One for each attempt: Node leaves a failed socket's listener on its signal, and with it the socket.
	const renew = (): void => {
		if (attempt.signal.aborted) return;
		attempt = new AbortController();
		connectionOptions.signal = attempt.signal;
	};
	manager.on("connectFailed", renew);
	manager.on("disconnect", renew);
	return { manager, cutOff: () => attempt.abort() };
}
