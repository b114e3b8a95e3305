/** Where a stream is opened, and as which session. */
export interface StreamTarget {
	readonly port: number;
	readonly path: string;
	/** A port of an address can be used once: many connections need several addresses. */
	readonly localAddress: string;
	readonly cookie: string;
	/** Ask for gzip. */
	readonly gzip: boolean;
}

/** A stream that the load generator holds. */
export interface OpenStream {
	readonly isOpen: boolean;
	/** Stops reading, for good. */
	pause(): void;
	/** Breaks it off; its port is free at once. */
	breakOff(): void;
}

/** Opens a stream; resolves when the beginning of its response has arrived. */
export type Opener = (
	target: StreamTarget,
	onBytes: (bytes: Buffer) => void
) => Promise<OpenStream>;
