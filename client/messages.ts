import type { OpenEvent } from "./open-event.ts";

/**
 * Of what tabs tell each other. Tabs with another version, such as one that was open before a deployment, have a group of their
 * own: whatever changes the messages, or what follows from them, changes it.
 */
export const VERSION = 2;

/** What tabs tell each other. */
export type TabMessage =
	/** A tab is there, and wants these names; with a place, from there on. */
	| { type: "hello"; from: string; names: string[]; place: string }
	| { type: "bye"; from: string }
	/** A leader asks who is there; `isNew`: and where they are, because it begins. */
	| { type: "who"; isNew: boolean }
	/**
	 * The leader's stream is open. What follows is what comes behind `at`; `isNew`: the gateway has resumed from there, for
	 * everybody who was there once.
	 */
	| { type: "open"; at: string; isNew: boolean; opened: OpenEvent }
	/** What the leader's stream has brought; `after` is the id before it. */
	| { type: "event"; after: string; name: string; data: string; id: string }
	/** The leader has no stream for now. */
	| { type: "lost" }
	/** The session's streams are over; `why` is what `onEnd` is told. */
	| { type: "end"; why: readonly [reason: string, closeReason: string | undefined] };
