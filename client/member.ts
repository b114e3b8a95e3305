import type { Connection } from "./connection.ts";
import type { Group } from "./group.ts";
import type { Inbox } from "./inbox.ts";
import type { TabMessage } from "./messages.ts";
import type { Opened } from "./open-event.ts";

/** Milliseconds within which a tab answers; a hidden one is slow. */
export const PATIENCE = 2000;

/** What the parts of a tab share: itself (`tab.ts`), what it does as a leader (`leader.ts`), and to follow one (`follower.ts`). */
export interface Member {
	/** `alone` and `asking` with a stream of its own; who asks is known to a leader, and follows when it can. */
	role: "alone" | "asking" | "leader" | "follower";
	/** Those with whom it shares; undefined: it is alone. */
	group?: Group | undefined;
	/** Of the stream that it has, or follows. */
	opened: Opened;
	/** Why the gateway has refused this tab, so that others may try. */
	refusal?: string | undefined;
	readonly id: string;
	readonly inbox: Inbox;
	readonly connection: Connection;
	/** The names that its own page wants. */
	names(): string[];
	/** Opens a stream of its own, as at the beginning. */
	start(): void;
	/** Goes on alone. */
	leave(): void;
	/** It begins here, if it has not yet: with a stream of its own. */
	settle(): void;
	/** There is no stream for now. */
	lost(): void;
	/** There is one. */
	showState(): unknown;
	/** Says something as a leader; who is none says nothing. */
	post(...message: TabMessage): void;
	/** One thing at a time is waited for. */
	wait(milliseconds: number, then: () => void): void;
	/** Streams are over, for all. */
	end(reason: string): void;
}
