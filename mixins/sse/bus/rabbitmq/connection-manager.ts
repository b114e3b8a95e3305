import type { AmqpConnectionManager, connect } from "amqp-connection-manager";
import { SseError } from "../../moleculer/sse-error.ts";

/** Seconds between two heartbeats of a connection; after two that do not come it counts as dead. */
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

/** What is used of the package. */
interface Client {
	readonly connect: typeof connect;
}

/** Loaded when it is needed: applications without a stream do not have it. */
export async function loadClient(): Promise<Client> {
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

/** A manager that connects, and connects again, until it is closed. */
export interface StartedManager {
	readonly manager: AmqpConnectionManager;
	/**
	 * Destroys the socket of its connection, or of its attempt at one, for good: amqplib then ends its timers and waits
	 * for no answers any more.
	 */
	cutOff(): void;
}

/** @param name For RabbitMQ's list of connections. */
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
	// One for each attempt: Node leaves the listener of a socket that has failed on its signal, and with it the socket.
	const renew = (): void => {
		if (attempt.signal.aborted) return;
		attempt = new AbortController();
		connectionOptions.signal = attempt.signal;
	};
	manager.on("connectFailed", renew);
	manager.on("disconnect", renew);
	return { manager, cutOff: () => attempt.abort() };
}
