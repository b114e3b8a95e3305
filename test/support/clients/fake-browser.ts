import { type ConnectOptions, connectIn } from "../../../client/connect.ts";
import type { ChannelLike, EventSourceLike, LocksLike, Scope } from "../../../client/scope.ts";
import { Page } from "./browser-scope.ts";
import { Target } from "./event-target.ts";

/*
 * A browser and a gateway on the clock of the test: everything that is asynchronous takes the milliseconds that it is told to take.
 */

/** Milliseconds that a request, and a message between tabs, take. */
const REQUEST = 2;
const MESSAGE = 1;

interface Sent {
	readonly name: string;
	readonly data: string;
	readonly id: string;
}

/** A request for a stream, and who sent it. */
export interface FakeRequest {
	readonly names: readonly string[];
	readonly tab: FakeTab;
	readonly headers: Readonly<Record<string, string>>;
}

/** What a gateway does, without its checks and limits. */
export class FakeGateway {
	/** The status of a request for a stream. */
	answer: (request: FakeRequest) => number = () => 200;
	/** What `sse.open` has beside `eventNames` and `resumed`. */
	open: (request: FakeRequest) => object = () => ({ session: "S" });
	/** All requests, `HEAD` included. */
	readonly requests: FakeRequest[] = [];
	/** The streams that are open. */
	readonly streams: Set<Stream> = new Set();
	/** Milliseconds after which clients come back. */
	retry = 20;
	/** Whether events have ids: they do if there is a history. */
	hasHistory = true;
	readonly #sent: Sent[] = [];
	#kept = 0;

	/** The names of each open stream. */
	get names(): string[] {
		return [...this.streams].map(({ request }) => request.names.join());
	}

	send(name: string, payload: unknown): void {
		const id = this.hasHistory ? `e${this.#sent.length}` : "";
		const event = { name, data: JSON.stringify(payload), id };
		this.#sent.push(event);
		for (const stream of this.streams) stream.give(event);
	}

	heartbeat(): void {
		for (const stream of this.streams) stream.give({ name: "sse.heartbeat", data: "{}", id: "" });
	}

	/**
	 * Ends all streams, whose clients come back.
	 *
	 * @param reason Of `sse.close`; undefined: their connections break.
	 */
	end(reason?: string): void {
		const data = JSON.stringify({ reason });
		for (const stream of [...this.streams]) {
			if (reason !== undefined) stream.give({ name: "sse.close", data, id: "" });
			stream.lose();
		}
	}

	/** Forgets what it has sent so far: who comes back from there is reset. */
	forget(): void {
		this.#kept = this.#sent.length;
	}

	begin(stream: Stream, place: string): void {
		this.streams.add(stream);
		const { request } = stream;
		const at = place ? this.#sent.findIndex(({ id }) => id === place) : -1;
		const resumed = at >= this.#kept - 1 && at >= 0;
		const data = JSON.stringify({ eventNames: request.names, resumed, ...this.open(request) });
		const id = this.#sent.at(-1)?.id ?? "";
		stream.give({ name: "sse.open", data, id: resumed || place ? "" : id });
		if (resumed) for (const event of this.#sent.slice(at + 1)) stream.give(event);
		else if (place) stream.give({ name: "sse.reset", data: '{"reason":"expired"}', id });
	}
}

/** What a stream's client hands on, and what becomes of it. */
interface StreamEnds {
	readonly event: (event: Sent) => void;
	readonly lost: () => void;
}

class Stream {
	readonly request: FakeRequest;
	readonly #gateway: FakeGateway;
	readonly #ends: StreamEnds;

	constructor(gateway: FakeGateway, request: FakeRequest, ends: StreamEnds) {
		this.#gateway = gateway;
		this.request = request;
		this.#ends = ends;
	}

	give(event: Sent): void {
		if (event.name.startsWith("sse.") || this.request.names.includes(event.name)) {
			this.#ends.event(event);
		}
	}

	lose(): void {
		this.#gateway.streams.delete(this);
		this.#ends.lost();
	}
}

interface Waiting {
	readonly tab: FakeTab;
	readonly grant: () => void;
}

/** A browser, with its locks and channels. */
export class FakeBrowser {
	/** What its pages run. */
	static connectIn: typeof connectIn = connectIn;
	readonly gateway: FakeGateway = new FakeGateway();
	readonly channels: Set<FakeChannel> = new Set();
	readonly tabs: FakeTab[] = [];
	readonly #holders = new Map<string, { tab: FakeTab; steal: () => void }>();
	readonly #queues = new Map<string, Waiting[]>();

	tab(): FakeTab {
		const tab = new FakeTab(this);
		this.tabs.push(tab);
		return tab;
	}

	locksOf(tab: FakeTab): LocksLike {
		return {
			request: async (name, { ifAvailable, steal, signal }, hold) => {
				if (tab.lockError) throw tab.lockError;
				const granted = delay(tab.lockDelay);
				if (steal) this.#holders.get(name)?.steal();
				else if (this.#holders.has(name)) {
					if (ifAvailable) return granted.then(() => hold(null));
					await new Promise<void>((grant, reject) => {
						const queue = this.#queues.get(name) ?? [];
						const waiting = { tab, grant };
						this.#queues.set(name, [...queue, waiting]);
						signal?.addEventListener("abort", () => {
							this.#remove(name, other => other === waiting);
							reject(new Error("aborted"));
						});
					});
				}
				return new Promise((resolve, reject) => {
					const holder = { tab, steal: () => reject(new Error("stolen")) };
					this.#holders.set(name, holder);
					granted
						.then(() => hold({}))
						.then(result => {
							resolve(result);
							if (this.#holders.get(name) === holder) this.#next(name);
						});
				});
			}
		};
	}

	/** A tab's process has gone: its locks are let go of. */
	forget(tab: FakeTab): void {
		for (const name of this.#queues.keys()) this.#remove(name, other => other.tab === tab);
		for (const [name, holder] of this.#holders) if (holder.tab === tab) this.#next(name);
	}

	#remove(name: string, which: (waiting: Waiting) => boolean): void {
		const queue = this.#queues.get(name) ?? [];
		this.#queues.set(
			name,
			queue.filter(waiting => !which(waiting))
		);
	}

	#next(name: string): void {
		this.#holders.delete(name);
		const [next, ...rest] = this.#queues.get(name) ?? [];
		this.#queues.set(name, rest);
		next?.grant();
	}
}

const delay = (milliseconds: number): Promise<void> =>
	new Promise(resolve => setTimeout(resolve, milliseconds));

class FakeChannel implements ChannelLike {
	onmessage: ChannelLike["onmessage"] = null;
	readonly #name: string;
	readonly #tab: FakeTab;

	constructor(name: string, tab: FakeTab) {
		this.#name = name;
		this.#tab = tab;
		if (tab.channelError) throw tab.channelError;
		tab.browser.channels.add(this);
	}

	get name(): string {
		return this.#name;
	}

	postMessage(message: unknown): void {
		if (this.#tab.isMute) return;
		this.#tab.posted.push(message);
		for (const other of this.#tab.browser.channels) {
			if (other === this || other.#name !== this.#name) continue;
			const data = structuredClone(message);
			other.#tab.hear(() => {
				if (this.#tab.browser.channels.has(other)) other.onmessage?.({ data } as never);
			});
		}
	}

	close(): void {
		this.#tab.browser.channels.delete(this);
	}
}

/** A tab of a {@link FakeBrowser}. */
export class FakeTab {
	readonly browser: FakeBrowser;
	/** Others hear nothing of it, as if it hung. */
	isMute = false;
	/** Milliseconds after which it is told that it has a lock, or has not. */
	lockDelay = 1;
	/** Milliseconds after which it hears what others say: many if its page is busy. */
	messageDelay: number = MESSAGE;
	#heardAt = 0;
	/** What requests for locks, or making a channel, fail with. */
	lockError: Error | undefined;
	channelError: Error | undefined;
	/** What it has told the others. */
	readonly posted: unknown[] = [];
	readonly reported: unknown[] = [];
	readonly #window = new Target();
	readonly document: Target & { baseURI: string; visibilityState: string } = Object.assign(
		new Target(),
		{
			baseURI: "http://localhost/",
			visibilityState: "visible"
		}
	);

	constructor(browser: FakeBrowser) {
		this.browser = browser;
	}

	/** A page that listens to these names. */
	open(names: readonly string[] = ["news"], options: ConnectOptions = {}): Page {
		return new Page(FakeBrowser.connectIn(this.#scope(), "/sse", options), ...names);
	}

	/** Hears something of another tab, after all that it was told before. */
	hear(run: () => void): void {
		this.#heardAt = Math.max(this.#heardAt, performance.now() + this.messageDelay);
		setTimeout(run, this.#heardAt - performance.now());
	}

	/** Fires an event of its window. */
	fire(type: string, event: object = {}): void {
		this.#window.fire(type, event);
	}

	show(isShown: boolean): void {
		this.document.visibilityState = isShown ? "visible" : "hidden";
		this.document.fire("visibilitychange");
	}

	/** It is gone, without a word. */
	kill(page: Page): void {
		this.isMute = true;
		page.connection.close();
		this.browser.forget(this);
	}

	#scope(): Scope {
		const { browser, document } = this;
		const { gateway } = browser;
		const ask = (url: string, headers: Readonly<Record<string, string>> = {}) => {
			const { searchParams } = new URL(url, document.baseURI);
			const request = { names: searchParams.getAll("eventName"), tab: this, headers };
			gateway.requests.push(request);
			return { request, place: searchParams.get("lastEventId") ?? "" };
		};
		const tab = this;
		class Source implements EventSourceLike {
			readyState = 0;
			onerror: EventSourceLike["onerror"] = null;
			readonly #listeners = new Target();
			#lastEventId = "";
			#stream: Stream | undefined;

			constructor(url: string) {
				this.#ask(url);
			}

			addEventListener = this.#listeners.addEventListener;

			close(): void {
				this.readyState = 2;
				if (this.#stream) gateway.streams.delete(this.#stream);
			}

			#ask(url: string): void {
				const { request, place } = ask(url);
				setTimeout(() => {
					if (this.readyState === 2) return;
					if (gateway.answer(request) !== 200) {
						this.readyState = 2;
						this.onerror?.({} as never);
						return;
					}
					this.readyState = 1;
					this.#stream = new Stream(gateway, request, {
						event: ({ name, data, id }) => {
							if (id) this.#lastEventId = id;
							if (this.readyState === 2) return;
							this.#listeners.fire(name, { data, lastEventId: this.#lastEventId });
						},
						lost: () => {
							this.readyState = 0;
							this.onerror?.({} as never);
							if (this.readyState === 0) setTimeout(() => this.#ask(url), gateway.retry);
						}
					});
					// as a header, which counts before the URL
					gateway.begin(this.#stream, this.#lastEventId || place);
				}, REQUEST);
			}
		}
		return {
			fetch: (async (url: string, init: { headers: Record<string, string> } & RequestInit) => {
				const { request, place } = ask(url, init.headers);
				await delay(REQUEST);
				const status = gateway.answer(request);
				if (status !== 200 || init.method === "HEAD") return new Response(null, { status });
				return new Response(bodyOf(gateway, request, place, init.signal as AbortSignal), {
					headers: { "content-type": "text/event-stream" }
				});
			}) as never,
			EventSource: Source as never,
			BroadcastChannel: class {
				constructor(name: string) {
					// biome-ignore lint/correctness/noConstructorReturn: one that knows its tab
					return new FakeChannel(name, tab);
				}
			} as never,
			navigator: { locks: browser.locksOf(this) },
			document,
			addEventListener: this.#window.addEventListener as never,
			removeEventListener: this.#window.removeEventListener as never,
			reportError: error => void this.reported.push(error)
		};
	}
}

/** A stream as `fetch` gets it. */
function bodyOf(gateway: FakeGateway, request: FakeRequest, place: string, signal: AbortSignal) {
	return new ReadableStream({
		start(controller) {
			const write = (text: string) => controller.enqueue(new TextEncoder().encode(text));
			write(`retry: ${gateway.retry}\n\n`);
			const stream = new Stream(gateway, request, {
				event: ({ name, data, id }) =>
					write(`event: ${name}\ndata: ${data}\n${id && `id: ${id}\n`}\n`),
				lost: () => controller.close()
			});
			signal.addEventListener("abort", () => {
				gateway.streams.delete(stream);
				controller.error(new Error("aborted"));
			});
			gateway.begin(stream, place);
		}
	});
}
