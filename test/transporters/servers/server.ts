/** A message broker, or whatever else nodes meet by, under a run's control: on ports of its own, on loopback. */
export interface Server {
	/** Stays the same over `kill` and `start`. */
	readonly port: number;
	start(): Promise<void>;
	/** Ends it at once, like a crash. What it keeps on disk stays for the next `start`. */
	kill(): Promise<void>;
	/** Ends it, and leaves nothing of it. */
	stop(): Promise<void>;
}

/** What a server is started from: the path of its program. */
export type ServerFactory = (path: string) => Promise<Server>;
