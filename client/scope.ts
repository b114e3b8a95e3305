/** What the client uses of an EventSource. */
export interface EventSourceLike {
	readonly readyState: number;
	onerror: ((event: never) => void) | null;
	addEventListener(type: string, listener: (event: never) => void): void;
	close(): void;
}

interface EventTargetLike {
	addEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void;
	removeEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void;
}

/** What the client uses of a BroadcastChannel. */
export interface ChannelLike {
	onmessage: ((event: never) => void) | null;
	postMessage(message: unknown): void;
	close(): void;
}

interface LockOptions {
	ifAvailable?: boolean;
	steal?: boolean;
	signal?: AbortSignal;
}

/** What the client uses of Web Locks. */
export interface LocksLike {
	request(name: string, options: LockOptions, hold: (lock: unknown) => unknown): Promise<unknown>;
}

/**
 * What the client uses of the place where it runs: a page, Node.js, Deno, Bun or React Native. What is missing there is
 * done without.
 */
export interface Scope {
	readonly fetch: typeof fetch;
	readonly EventSource?: new (
		url: string,
		init: { withCredentials: boolean | undefined }
	) => EventSourceLike;
	readonly BroadcastChannel?: new (name: string) => ChannelLike;
	readonly navigator?: { readonly locks?: LocksLike };
	readonly document?: EventTargetLike & {
		readonly baseURI: string;
		readonly visibilityState: string;
	};
	readonly addEventListener?: EventTargetLike["addEventListener"];
	readonly removeEventListener?: EventTargetLike["removeEventListener"];
	readonly reportError?: (error: unknown) => void;
}

/** Runs a function of the application: what it throws is reported, and ends nothing. */
export function attempt(scope: Scope, run: () => unknown): void {
	try {
		run();
	} catch (error) {
		(scope.reportError ?? console.error)(error);
	}
}
