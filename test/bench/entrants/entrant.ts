import type { PayloadShape } from "../payload.ts";
import type { Usage, UsageOptions } from "../process/usage.ts";

/** A participant in a comparison. */
export interface Entrant {
	/** As in the tables and plots. */
	readonly title: string;
	/** Whether its streams ask for gzip; default no. */
	readonly gzip?: boolean;
	/** Starts it for that many streams. Rejects with the reason if it cannot take part here. */
	open(streams: number): Promise<RunningServer>;
}

/** A server in a process of its own. */
export interface RunningServer {
	readonly port: number;
	/** Path of its streams, with their query. */
	readonly path: string;
	/** Sends the events of one tick to every stream. */
	tick(events: number, shape: PayloadShape): Promise<void> | void;
	usage(options?: UsageOptions): Promise<Usage> | Usage;
	stop(): Promise<void>;
}
