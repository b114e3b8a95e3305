import { readOpen } from "./open-event.ts";
import type { TakeEvent } from "./parser.ts";
import { createSeen, type Seen } from "./seen.ts";

/** What an inbox tells. */
export interface InboxHost {
	event(name: string, data: string, id: string): unknown;
	/** The state has to be loaded: a first time (`start`), or because events may be missing. */
	load(reason: string): void;
}

/** Milliseconds within which `sse.reset` follows an `sse.open` that it explains. */
const EXPLANATION = 250;

/** What one tab has got of the events, wherever they come from: each once, and where it is. */
export interface Inbox {
	readonly seen: Seen;
	/** The id of the last event that was handled; empty if there was none. */
	readonly place: string;
	/** Whether the tab begins somewhere: nothing of before is missing to it. */
	readonly isFresh: boolean;
	/** Holds what has to be told, and with it the beginning, until it is known where it begins. */
	hold(): void;
	/**
	 * Lets it begin.
	 *
	 * @param begin Where; undefined: where it is.
	 */
	release(begin?: string): void;
	readonly take: TakeEvent;
	close(): void;
}

export function createInbox(host: InboxHost): Inbox {
	const seen = createSeen();
	let place = "";
	/** Why the state has to be loaded, until it is told. */
	let pending: string | undefined;
	let hasBegun = false;
	/** Whether what has to be told waits, and events are of the time before. */
	let isHeld = false;
	/** The ids of those, in their order. */
	let before: string[];
	let timer: ReturnType<typeof setTimeout> | undefined;

	const isFresh = (): boolean => isHeld && !!pending;
	const move = (id: string): void => {
		if (id) seen.add(id);
		place = id;
	};
	/** Tells it, unless it has to wait or there is nothing to tell. */
	const tell = (): void => {
		if (isHeld) return;
		clearTimeout(timer);
		const reason = pending;
		if (!reason) return;
		pending = undefined;
		hasBegun = true;
		host.load(reason);
	};

	return {
		seen,
		get place() {
			return place;
		},
		get isFresh() {
			return isFresh();
		},
		hold() {
			isHeld = true;
			before = [];
		},
		release(begin = place) {
			// what follows may still explain what it waits to tell
			if (!isHeld) return;
			isHeld = false;
			if (pending) {
				// part of the state, though a later stream may bring them again for a tab that is behind
				before.slice(0, before.indexOf(begin) + 1).forEach(seen.add);
				move(begin);
			}
			tell();
		},
		close() {
			clearTimeout(timer);
		},
		take(name, data, id) {
			const isOwn = name.startsWith("sse.");
			if (name === "sse.open") {
				if (!readOpen(data).resumed) pending ??= hasBegun ? "lost" : "start";
				clearTimeout(timer);
				if (pending === "start") tell();
				else timer = setTimeout(tell, EXPLANATION);
			} else {
				if (name === "sse.reset" && pending !== "start") pending = JSON.parse(data).reason;
				tell();
			}
			if (isFresh()) {
				// Part of the state that is loaded at the beginning; or, if that is a place before, still to come.
				if (isOwn) host.event(name, data, id);
				if (id) {
					place = id;
					before.push(id);
				}
			} else if (!id || isOwn || seen.add(id)) {
				host.event(name, data, id);
				if (id) move(id);
			}
		}
	};
}
