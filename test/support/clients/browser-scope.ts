import { BroadcastChannel } from "node:worker_threads";
import { EventSource } from "eventsource";
import { type ConnectOptions, connectIn, type SseConnection } from "../../../client/connect.ts";
import type { ChannelLike, LocksLike, Scope } from "../../../client/scope.ts";
import { onTestFinished } from "../on-test-finished.ts";
import { Target } from "./event-target.ts";

/** What a connection of the client uses. */
export type TransportKind = "EventSource" | "fetch";

export const TRANSPORTS: readonly TransportKind[] = ["EventSource", "fetch"];

export interface TabSetup {
	/** Default `EventSource`. */
	transport?: TransportKind;
	/** Changes each request before it is sent, like a service worker. */
	passOn?: (url: string, init: RequestInit) => RequestInit;
}

interface Lock {
	readonly tab: BrowserTab;
	readonly grant: (held: boolean) => Promise<unknown>;
	readonly reject: (error: Error) => void;
}

/** Web Locks of one browser: a killed tab leaves what it holds. */
class Locks {
	readonly #held = new Map<string, Lock>();
	readonly #queues = new Map<string, Lock[]>();

	of(tab: BrowserTab): LocksLike {
		return {
			request: (name, { ifAvailable, steal, signal }, hold) =>
				new Promise((resolve, reject) => {
					const grant = async (held: boolean): Promise<unknown> => {
						const result = await hold(held ? {} : null);
						resolve(result);
						return result;
					};
					const lock: Lock = { tab, grant, reject };
					const holder = this.#held.get(name);
					if (steal && holder) {
						holder.reject(new Error("stolen"));
						this.#held.delete(name);
					}
					if (!this.#held.has(name)) return this.#grant(name, lock);
					if (ifAvailable) return void grant(false);
					const queue = this.#queues.get(name) ?? [];
					this.#queues.set(name, [...queue, lock]);
					signal?.addEventListener("abort", () => {
						this.#queues.set(
							name,
							(this.#queues.get(name) ?? []).filter(other => other !== lock)
						);
						reject(new Error("aborted"));
					});
				})
		};
	}

	kill(tab: BrowserTab): void {
		for (const [name, queue] of this.#queues) {
			this.#queues.set(
				name,
				queue.filter(lock => lock.tab !== tab)
			);
		}
		for (const [name, lock] of this.#held) if (lock.tab === tab) this.#release(name, lock);
	}

	#grant(name: string, lock: Lock): void {
		this.#held.set(name, lock);
		// like real ones, in a later turn
		setImmediate(() => lock.grant(true).then(() => this.#release(name, lock)));
	}

	#release(name: string, lock: Lock): void {
		if (this.#held.get(name) !== lock) return;
		this.#held.delete(name);
		const [next, ...rest] = this.#queues.get(name) ?? [];
		this.#queues.set(name, rest);
		if (next) this.#grant(name, next);
	}
}

/** A browser: its cookie, its locks, and its tabs, which share both. */
export class TestBrowser {
	/** The cookie `sid`; empty if it has none yet. */
	session: string;
	readonly locks: Locks = new Locks();
	/** Requests for streams that were sent. */
	readonly requests: string[] = [];
	/** Keeps the channels of one browser from another's. */
	readonly profile: string = crypto.randomUUID();

	constructor(session = "alice") {
		this.session = session;
	}

	tab(setup: TabSetup = {}): BrowserTab {
		return new BrowserTab(this, setup);
	}
}

/** A tab of a browser: where a page's client runs. */
export class BrowserTab {
	readonly #browser: TestBrowser;
	readonly #setup: TabSetup;
	readonly #window = new Target();
	readonly #document = new Target();
	readonly #connections: SseConnection[] = [];
	readonly #channels = new Set<ChannelLike>();
	/** Errors thrown by handlers. */
	readonly reported: unknown[] = [];
	/** Whether requests fail as they do without a network. */
	isOffline = false;
	#isDead = false;
	#isMute = false;
	#isDeaf = false;

	constructor(browser: TestBrowser, setup: TabSetup) {
		this.#browser = browser;
		this.#setup = setup;
	}

	connect(url: string, options: ConnectOptions = {}): SseConnection {
		const connection = connectIn(this.#scope(), url, options);
		this.#connections.push(connection);
		onTestFinished(() => connection.close());
		return connection;
	}

	/** Fires an event of its window, or of its document. */
	fire(type: string, event: { persisted?: boolean } = {}): void {
		this.#window.fire(type, event);
		this.#document.fire(type, event);
	}

	/** Others hear nothing of it, as if it were frozen. */
	mute(isMute: boolean): void {
		this.#isMute = isMute;
	}

	/** It hears nothing of others. */
	deafen(isDeaf: boolean): void {
		this.#isDeaf = isDeaf;
	}

	/** Shows its page, or hides it. */
	show(isShown: boolean): void {
		Object.assign(this.#document, { visibilityState: isShown ? "visible" : "hidden" });
		this.#document.fire("visibilitychange");
	}

	/** Number of the client's listeners on its window and document. */
	get listeners(): number {
		return this.#window.size + this.#document.size;
	}

	/** It is gone silently. */
	kill(): void {
		this.#isDead = true;
		for (const channel of this.#channels) channel.close();
		this.#browser.locks.kill(this);
		for (const connection of this.#connections) connection.close();
	}

	#scope(): Scope {
		const browser = this.#browser;
		const tab = this;
		const { transport = "EventSource", passOn = (_: string, init: RequestInit) => init } =
			this.#setup;
		const fetchAs: typeof fetch = async (input, init = {}) => {
			const url = String(input);
			browser.requests.push(`${init.method ?? "GET"} ${url}`);
			if (this.isOffline) throw new TypeError("offline");
			const cookie = browser.session && `sid=${browser.session}`;
			const headers = { ...(init.headers as object), ...(cookie && { cookie }) };
			const response = await fetch(url, passOn(url, { ...init, headers }));
			const issued = /^sid=([^;]*)/.exec(response.headers.get("set-cookie") ?? "");
			if (issued) browser.session = issued[1] as string;
			return response;
		};
		class Source extends EventSource {
			constructor(url: string, init: object) {
				super(url, { ...init, fetch: fetchAs as never });
			}
		}
		class Channel {
			readonly #channel: BroadcastChannel;
			onmessage: ChannelLike["onmessage"] = null;

			constructor(name: string) {
				this.#channel = new BroadcastChannel(`${browser.profile} ${name}`);
				this.#channel.onmessage = event => {
					if (!tab.#isDeaf) this.onmessage?.(event as never);
				};
				this.#channel.unref();
				tab.#channels.add(this);
			}

			postMessage(message: unknown): void {
				if (!tab.#isDead && !tab.#isMute) this.#channel.postMessage(message);
			}

			close(): void {
				this.#channel.close();
				tab.#channels.delete(this);
			}
		}
		return {
			fetch: fetchAs,
			...(transport === "EventSource" && { EventSource: Source as never }),
			BroadcastChannel: Channel,
			navigator: { locks: browser.locks.of(this) },
			document: Object.assign(this.#document, {
				baseURI: "http://localhost/",
				visibilityState: "visible"
			}),
			addEventListener: this.#window.addEventListener,
			removeEventListener: this.#window.removeEventListener,
			reportError: error => void this.reported.push(error)
		};
	}
}

/** What a page was told, by one connection. */
export class Page {
	readonly events: unknown[] = [];
	readonly ids: string[] = [];
	readonly resets: string[] = [];
	readonly states: string[] = [];
	readonly ends: [reason: string, closeReason: string | undefined][] = [];
	starts = 0;
	readonly connection: SseConnection;

	/** Listens to events of these names. */
	constructor(connection: SseConnection, ...names: string[]) {
		this.connection = connection;
		for (const name of names) this.listen(name);
		connection.onStart(() => void this.starts++);
		connection.onReset(reason => void this.resets.push(reason));
		connection.onState(state => void this.states.push(state));
		connection.onEnd((...end) => void this.ends.push(end));
	}

	listen(name: string): () => void {
		return this.connection.on(name as never, (payload: unknown, { id }) => {
			this.events.push(payload);
			this.ids.push(id);
		});
	}
}
