import type { SseEventName, SsePayload } from "moleculer-sse";
import type { Access } from "./access.ts";
import { LONGEST } from "./backoff.ts";
import { createHandlers, createListeners, type ReceivedEvent } from "./handlers.ts";
import { VERSION } from "./messages.ts";
import type { Scope } from "./scope.ts";
import { createTab, type State, type Tab } from "./tab.ts";

export type { ReceivedEvent, State };

/** How {@link connect} opens its streams. */
export interface ConnectOptions {
	/**
	 * Gets a ticket for a stream of these names; what the gateway's action `sseTicket` answers, or the ticket in it. Called before
	 * each stream. To end it all, reject with an error whose `status` is 401 or 403.
	 */
	ticket?: Access["ticket"];
	/** Headers, or what makes them before each stream: `() => ({ Authorization })`. With them, streams use `fetch`. */
	headers?: Access["headers"];
	/** Whether tabs of one session share one stream, where the browser can. Default true. */
	shared?: boolean;
	/** Milliseconds after which a hidden page closes its stream, until it is shown. Default: never. */
	hiddenFor?: number;
	/** Whether credentials are sent to another origin. Default false. */
	withCredentials?: boolean;
}

/**
 * Why streams are over: `unauthorized` (401), `forbidden` (403), `stopped` (204), or `session`: the browser's session is
 * another one now, and this page is of the one before.
 */
export type EndReason = "unauthorized" | "forbidden" | "stopped" | "session";

/** What the gateway itself sends. */
export type OwnEventName = "sse.open" | "sse.heartbeat" | "sse.reset" | "sse.close";

type Off = () => void;

/** Milliseconds within which pages come back to a network that is there again. */
const SPREAD = 1000;

/** A page's events. */
export interface SseConnection {
	/**
	 * Listens to an event; the stream has the names that are listened to. What a handler throws is reported, and ends nothing.
	 *
	 * @returns Ends it.
	 */
	on<Name extends SseEventName | OwnEventName>(
		name: Name,
		handler: (payload: SsePayload<Name>, event: ReceivedEvent) => void
	): Off;
	/** @param handler Left out: all of the name. */
	off<Name extends SseEventName | OwnEventName>(
		name: Name,
		handler?: (payload: SsePayload<Name>, event: ReceivedEvent) => void
	): void;
	/**
	 * Once, when the first stream is open: time to load the state that the events change. Where it is open already, at the end of
	 * this turn.
	 */
	onStart(listener: () => void): Off;
	/** Events may have been missed: the state has to be loaded again. */
	onReset(listener: (reason: string) => void): Off;
	onState(listener: (state: State) => void): Off;
	/**
	 * Streams are over, and none comes again.
	 *
	 * @param closeReason What the last `sse.close` said, if there was one: `logged out`.
	 */
	onEnd(listener: (reason: EndReason, closeReason: string | undefined) => void): Off;
	readonly state: State;
	/** Ends it in this tab. */
	close(): void;
}

/** As {@link connect}, anywhere. */
export function connectIn(scope: Scope, url: string, options: ConnectOptions): SseConnection {
	const { ticket, headers, hiddenFor = 0 } = options;
	const { document } = scope;
	const handlers = createHandlers(scope);
	const starts = createListeners<[]>(scope);
	const resets = createListeners<[reason: string]>(scope);
	const states = createListeners<[State]>(scope);
	const ends = createListeners<[EndReason, string | undefined]>(scope);
	let state: State = "connecting";
	let isOver = false;
	let hasStarted = false;
	/** Whether there is a stream, or will be one. */
	let isRunning = false;
	/** Whether the page has been hidden for so long that it has to be shown first. */
	let isAway = false;
	let change: ReturnType<typeof setTimeout> | undefined;
	let hiding: ReturnType<typeof setTimeout> | undefined;

	const show = (next: State): void => {
		if (next === state) return;
		state = next;
		states.tell(state);
	};
	// with credentials of another kind, what is refused to one is not to the other
	const shareAs =
		document &&
		options.shared !== false &&
		`moleculer-sse ${[VERSION, new URL(url, document.baseURI), !ticket, !headers]}`;
	const tab: Tab = createTab(scope, { ...options, url }, shareAs, {
		names: handlers.names,
		event: (name, data, id) => isRunning && handlers.run(name, data, id, tab.opened.texts),
		load(reason) {
			if (reason !== "start") return resets.tell(reason);
			hasStarted = true;
			starts.tell();
		},
		// who is told something may end it, and is told nothing more
		show: next => isRunning && show(next),
		end(reason, closeReason) {
			over();
			ends.tell(reason as EndReason, closeReason);
		}
	});

	const run = (): void => {
		if (isOver || isAway || !handlers.names()[0]) return;
		isRunning = true;
		tab.start();
	};
	const pause = (): void => {
		if (!isRunning) return;
		isRunning = false;
		tab.stop();
		show("closed");
	};
	/** What is added and removed in one turn is one change. */
	let names = "";
	const changed = (): void => {
		clearTimeout(change);
		change = setTimeout(() => {
			const now = handlers.names().join("\n");
			if (now === names) return;
			names = now;
			if (!now) pause();
			else if (isRunning) tab.refresh();
			else run();
		});
	};
	const visible = (): void => {
		clearTimeout(hiding);
		if (document?.visibilityState === "hidden") {
			if (hiddenFor > 0)
				hiding = setTimeout(
					() => {
						isAway = true;
						pause();
					},
					Math.min(hiddenFor, LONGEST)
				);
			return;
		}
		isAway = false;
		back();
	};
	/** A browser may say in several ways that the page is there again. */
	const back = (): void => {
		if (isRunning) return;
		tab.hurry();
		run();
	};
	/** The network of a whole building is back at one moment. */
	const online = () =>
		setTimeout(() => isRunning && tab.hurry() && tab.refresh(), Math.random() * SPREAD);
	const watched = [
		[scope, "online", online],
		[scope, "pagehide", pause],
		[scope, "pageshow", ({ persisted }: { persisted?: boolean }) => persisted && back()],
		[document, "freeze", pause],
		[document, "resume", back],
		[document, "visibilitychange", visible]
	] as const;
	for (const [where, type, listener] of watched) where?.addEventListener?.(type, listener);
	visible();
	const over = (): void => {
		isOver = true;
		clearTimeout(change);
		clearTimeout(hiding);
		pause();
		for (const [where, type, listener] of watched) where?.removeEventListener?.(type, listener);
		show("closed");
	};

	const connection: SseConnection = {
		on(name, handler) {
			handlers.add(name, handler);
			changed();
			return () => connection.off(name, handler);
		},
		off(name, handler) {
			handlers.remove(name, handler);
			changed();
		},
		onStart(listener) {
			const off = starts.add(listener);
			// an application may end it before its turn
			if (hasStarted) queueMicrotask(() => starts.tellOne(listener));
			return off;
		},
		onReset: resets.add,
		onState: states.add,
		onEnd: ends.add,
		get state() {
			return state;
		},
		close: over
	};
	return connection;
}
