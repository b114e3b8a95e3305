import type { ChannelLike, LocksLike, Scope } from "./scope.ts";

/** What tabs tell each other. */
export type TabMessage =
	/** A tab is there, and wants these names; with a place, from there on. */
	| { type: "hello"; from: string; names: string[]; place: string }
	| { type: "bye"; from: string }
	/** A new leader asks who is there. */
	| { type: "who" }
	/**
	 * The leader's stream is open with these names. What follows is what comes behind `at`; `isNew`: the gateway has
	 * resumed from there, for everybody who was there once.
	 */
	| {
			type: "open";
			at: string;
			isNew: boolean;
			names: string[];
			heartbeat: number;
			state: "open" | "degraded";
	  }
	/** What the leader's stream has brought; `after` is the id before it. */
	| { type: "event"; after: string; name: string; data: string; id: string }
	/** The leader has no stream for now. */
	| { type: "lost" }
	/** The session's streams are over. */
	| { type: "end"; reason: string; closeReason: string | undefined };

export interface GroupHost {
	hear(message: TabMessage): void;
	/** This tab leads from now on: the one that did has gone. */
	lead(): void;
	/** Another one has taken the lead, because this one seemed to be gone. */
	deposed(): void;
}

/** The tabs that share a stream: one of them holds a lock, and leads; all share a channel. */
export class Group {
	readonly #name: string;
	readonly #locks: LocksLike;
	readonly #channel: ChannelLike;
	readonly #host: GroupHost;
	readonly #abort = new AbortController();
	#release: (() => void) | undefined;
	#hasLeft = false;

	/** @returns Undefined where tabs cannot share: without Web Locks (which need https) or BroadcastChannel. */
	static join(scope: Scope, name: string, host: GroupHost): Group | undefined {
		const locks = scope.navigator?.locks;
		const Channel = scope.BroadcastChannel;
		if (!locks || !Channel) return undefined;
		return new Group(name, locks, new Channel(name), host);
	}

	constructor(name: string, locks: LocksLike, channel: ChannelLike, host: GroupHost) {
		this.#name = name;
		this.#locks = locks;
		this.#channel = channel;
		this.#host = host;
		channel.onmessage = ({ data }: { data: TabMessage }) => {
			if (!this.#hasLeft) host.hear(data);
		};
	}

	/** Takes the lead if nobody has it; otherwise waits for it. */
	claim(): Promise<boolean> {
		return new Promise(resolve =>
			this.#request({ ifAvailable: true }, lock => {
				const leads = lock !== null && !this.#hasLeft;
				resolve(leads);
				if (lock === null) this.#lead({ signal: this.#abort.signal });
				return leads;
			})
		);
	}

	/** Takes the lead from one that does not answer. */
	steal(): void {
		this.#lead({ steal: true });
	}

	post(message: TabMessage): void {
		if (!this.#hasLeft) this.#channel.postMessage(message);
	}

	leave(): void {
		this.#hasLeft = true;
		this.#abort.abort();
		this.#release?.();
		this.#channel.close();
	}

	#lead(options: object): void {
		this.#request(options, () => {
			if (this.#hasLeft || this.#release) return false;
			this.#host.lead();
			return true;
		});
	}

	/** @param take Whether the lock is kept. */
	#request(options: object, take: (lock: unknown) => boolean): void {
		const hold = (lock: unknown): unknown =>
			take(lock) && new Promise<void>(resolve => (this.#release = resolve));
		this.#locks.request(this.#name, options, hold).catch(() => {
			// stolen, or aborted before it was held
			if (!this.#hasLeft && this.#release) this.#host.deposed();
		});
	}
}
