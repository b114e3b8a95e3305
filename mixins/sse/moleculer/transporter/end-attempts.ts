import type { ServiceBroker } from "moleculer";

/** The part of Moleculer's transporters that connects. */
interface Connector {
	connect(onError: (error: unknown) => void): Promise<unknown>;
	disconnect(): PromiseLike<unknown>;
	/** Makes the node take part in the cluster, once it is connected. */
	afterConnect?: (wasReconnect: boolean) => unknown;
}

interface Connecting {
	readonly tx: Connector;
	readonly opts?: { readonly disableReconnect?: boolean };
	connect(): PromiseLike<unknown>;
	disconnect(): PromiseLike<unknown>;
}

/**
 * Ends a broker's attempts to connect when it stops. Moleculer's timer for the next attempt outlives a stop: the stopped node
 * would connect, and take part in the cluster; and one that is started again would connect twice.
 *
 * Call this once for a broker, before it starts.
 */
export function endAttemptsWithStop({ transit }: ServiceBroker): void {
	const { tx, opts, connect, disconnect } = transit as unknown as Connecting;
	const transporter = { connect: tx.connect.bind(tx), afterConnect: tx.afterConnect };
	let isStopped = false;
	/** Whether this turn is Moleculer's first attempt of a start. */
	let isFirst = false;
	/** Timers for another attempt: of this start, and left over from earlier ones. They fire in the order of their making. */
	let timers = 0;
	let stale = 0;

	Object.assign(transit as object, {
		connect(): PromiseLike<unknown> {
			isStopped = false;
			isFirst = true;
			const connected = connect.call(transit);
			isFirst = false;
			return connected;
		},
		disconnect(): PromiseLike<unknown> {
			isStopped = true;
			stale += timers;
			timers = 0;
			return disconnect.call(transit);
		}
	});

	tx.connect = onError => {
		if (!isFirst && stale > 0) {
			stale--;
			return Promise.resolve();
		}
		if (!isFirst && timers > 0) timers--;
		isFirst = false;
		let hasFailed = false;
		const failed = (error: unknown): void => {
			if (isStopped) return;
			// Moleculer makes one timer, however often an attempt is reported to have failed.
			if (!hasFailed && opts?.disableReconnect !== true) timers++;
			hasFailed = true;
			onError(error);
		};
		return transporter.connect(failed).then(undefined, failed);
	};

	tx.afterConnect = wasReconnect =>
		isStopped ? tx.disconnect() : transporter.afterConnect?.call(tx, wasReconnect);
}
