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
export interface Group {
	/** Takes the lead if nobody has it; otherwise waits for it. */
	claim(): void;
	/** Takes the lead from one that does not answer. */
	seize(): void;
	/** Lets all others that wait have the lead before it. */
	yield(): void;
	post(message: TabMessage): void;
	leave(): void;
}

/** @throws Where tabs cannot share: without BroadcastChannel, or where the browser denies it to the page. */
export function joinGroup(scope: Scope, name: string, host: GroupHost): Group {
	const channel = new (scope.BroadcastChannel as new (name: string) => ChannelLike)(name);
	const abort = new AbortController();
	let release: (() => void) | undefined;
	let hasLeft = false;

	channel.onmessage = ({ data }: { data: TabMessage }) => {
		if (!hasLeft) host.hear(data);
	};

	/** @param take Whether the lock is kept. */
	const request = async (options: object, take: (lock: unknown) => boolean): Promise<void> => {
		const hold = (lock: unknown): unknown =>
			!hasLeft &&
			take(lock) &&
			// it may leave when it is told
			!hasLeft &&
			new Promise<void>(resolve => (release = resolve));
		try {
			await (scope.navigator as { locks: LocksLike }).locks.request(name, options, hold);
		} catch {
			// stolen, denied, aborted before it was held, or there are no locks (which need https)
			if (hasLeft) return;
			if (release) host.deposed();
			else host.unable();
		}
	};
	const lead = (options: object): void => {
		request(options, () => {
			if (release) return false;
			host.lead();
			return true;
		});
	};
	const queue = (): void => lead({ signal: abort.signal });

	return {
		claim() {
			request({ ifAvailable: true }, lock => {
				if (!lock) queue();
				host.claimed(!!lock);
				return !!lock;
			});
		},
		seize: () => lead({ steal: true }),
		yield() {
			release?.();
			release = undefined;
			queue();
		},
		post: message => channel.postMessage(message),
		leave() {
			hasLeft = true;
			abort.abort();
			release?.();
			channel.close();
		}
	};
}
