import type { Opened } from "./open-event.ts";

/**
 * Of what tabs tell each other. Tabs with another version, such as one that was open before a deployment, have a group of their
 * own: whatever changes the messages, or what follows from them, changes it.
 */
export const VERSION = 3;

/** What tabs tell each other: the kinds of messages, and what comes with each. */
export interface TabMessages {
	/** A tab is there, and wants these names; with a place, from there on. */
	hello: [from: string, names: string[], place: string];
	bye: [from: string];
	/** A leader asks who is there; `isNew`: and where they are, because it begins. */
	who: [isNew: boolean];
	/**
	 * The leader's stream is open. What follows is what comes behind `at`; `isNew`: the gateway has resumed from there, for
	 * everybody who was there once.
	 */
	open: [opened: Opened, at: string, isNew: boolean];
	/** What the leader's stream has brought; `after` is the id before it. */
	event: [after: string, name: string, data: string, id: string];
	/** The leader has no stream for now. */
	connecting: [];
	/** The session's streams are over: what `onEnd` is told. */
	end: [reason: string, closeReason: string | undefined];
}

type Kind = keyof TabMessages;

/** A message as the channel takes it. */
export type TabMessage = { [K in Kind]: [kind: K, ...content: TabMessages[K]] }[Kind];

/** What is done at messages of some kinds. */
export type Hears<Kinds extends Kind> = { [K in Kinds]: (...content: TabMessages[K]) => void };

/** Does what a message asks for, if anything. */
export function hear(hears: Partial<Hears<Kind>>, [kind, ...content]: TabMessage): void {
	(hears[kind] as ((...content: unknown[]) => void) | undefined)?.(...content);
}
