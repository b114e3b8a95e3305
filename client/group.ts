import type { TabMessage } from "./messages.ts";
import type { ChannelLike, LocksLike, Scope } from "./scope.ts";

export interface GroupHost {
	hear(message: TabMessage): void;
	/** The answer to a claim. */
	claimed(leads: boolean): void;
	/** This tab leads from now on: the one that did has gone, or has let others have their turn. */
	lead(): void;
	/** Another one has taken the lead, because this one seemed to be gone. */
	deposed(): void;
	/** There are no locks for this page. */
	unable(): void;
}

/** The tabs that share a stream: one of them holds a lock, and leads; all share a channel. */
export class Group {
	readonly #name: string;
	readonly #scope: Scope;
	readonly #channel: ChannelLike;
	readonly #host: GroupHost;
	readonly #abort = new AbortController();
	#release: (() => void) | undefined;
	#hasLeft = false;

	/** @throws Where tabs cannot share: without BroadcastChannel, or where the browser denies it to the page. */
	constructor(scope: Scope, name: string, host: GroupHost) {
		this.#name = name;
		this.#scope = scope;
		this.#host = host;
		const channel = new (scope.BroadcastChannel as new (name: string) => ChannelLike)(name);
		this.#channel = channel;
		channel.onmessage = ({ data }: { data: TabMessage }) => {
			if (!this.#hasLeft) host.hear(data);
		};
	}

	/** Takes the lead if nobody has it; otherwise waits for it. */
	claim(): void {
		this.#request({ ifAvailable: true }, lock => {
			if (lock === null) this.#queue();
			this.#host.claimed(lock !== null);
			return lock !== null;
		});
	}

	/** Takes the lead from one that does not answer. */
	steal(): void {
		this.#lead({ steal: true });
	}

	/** Lets all others that wait have the lead before it. */
	yield(): void {
		this.#release?.();
		this.#release = undefined;
		this.#queue();
	}

	post(message: TabMessage): void {
		this.#channel.postMessage(message);
	}

	/** @param message Its last. */
	leave(message: TabMessage): void {
		this.post(message);
		this.#hasLeft = true;
		this.#abort.abort();
		this.#release?.();
		this.#channel.close();
	}

	#queue(): void {
		this.#lead({ signal: this.#abort.signal });
	}

	#lead(options: object): void {
		this.#request(options, () => {
			if (this.#release) return false;
			this.#host.lead();
			return true;
		});
	}

	/** @param take Whether the lock is kept. */
	async #request(options: object, take: (lock: unknown) => boolean): Promise<void> {
		const hold = (lock: unknown): unknown =>
			!this.#hasLeft &&
			take(lock) &&
			// it may leave when it is told
			!this.#hasLeft &&
			new Promise<void>(resolve => (this.#release = resolve));
		try {
			const locks = this.#scope.navigator?.locks as LocksLike;
			await locks.request(this.#name, options, hold);
		} catch {
			// stolen, denied, aborted before it was held, or there are no locks (which need https)
			if (!this.#hasLeft) this.#host[this.#release ? "deposed" : "unable"]();
		}
	}
}
