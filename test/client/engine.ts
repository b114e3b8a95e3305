/** A browser that can be driven. */
export interface Engine {
	readonly name: string;
	/** Profiles of their own: cookies and tabs that no other has. */
	visitor(): Promise<Visitor>;
	close(): Promise<void>;
}

export interface Visitor {
	/** Opens a tab, and waits until its page has loaded. */
	openTab(url: string): Promise<Tab>;
	close(): Promise<void>;
}

export interface Tab {
	/** What an expression is, awaited, as JSON can carry it. */
	evaluate<T>(expression: string): Promise<T>;
	/** Goes to a page of its own history, or to a URL. */
	go(to: "back" | (string & {})): Promise<void>;
	/** It is gone, without a word to its page if the engine can do that. */
	kill(): Promise<void>;
	/** It stands still until it is thawed; undefined where the engine cannot be told to. */
	readonly freeze: (() => Promise<void>) | undefined;
	readonly thaw: (() => Promise<void>) | undefined;
	/** Bytes of its heap, after a collection; undefined where they cannot be asked for. */
	readonly heap: (() => Promise<number>) | undefined;
}
