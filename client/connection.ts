import { type Access, askFor, type Credentials } from "./access.ts";
import { backoff, LONGEST } from "./backoff.ts";
import { openEventSource } from "./event-source.ts";
import { openFetch } from "./fetch-stream.ts";
import { readOpen } from "./open-event.ts";
import type { TakeEvent } from "./parser.ts";
import type { Scope } from "./scope.ts";
import {
	type Failure,
	probe,
	type StreamRequest,
	type StreamSink,
	streamUrl,
	type Transport
} from "./transport.ts";

/** What a connection asks and tells. */
export interface ConnectionHost {
	/** The event names of the next stream. */
	names(): string[];
	/** Where the next stream goes on; empty for a first one. */
	place(): string;
	/** Each event of a stream, the gateway's own included; the first is `sse.open`. */
	readonly take: TakeEvent;
	/** The stream is lost; another one comes. */
	lost(): void;
	/** The gateway has refused the names, or so many: whether others are asked for at once. */
	retreats(): boolean;
	/** What the application is asked for does not come, again and again: whether it stops, and another one tries. */
	standsBack(): boolean;
	/** Nothing comes any more: the gateway has refused it for good. */
	refused(status: number): void;
}

/** Statuses at which nothing is gained by coming back. */
const FINAL: readonly unknown[] = [401, 403, 204];
/** Statuses of requests that fewer names may mend. */
const OF_NAMES: readonly unknown[] = [400, 403, 413, 414, 431];
/** Statuses of something on the way that lets no HEAD pass. */
const NO_HEAD: readonly unknown[] = [404, 405, 501];
/**
 * Milliseconds within which a gateway answers, at first: a browser may ask on a connection that is as dead as the one before.
 * Each failure doubles them.
 */
const FIRST_PATIENCE = 5000;
/** The most of them; EventSource comes back by itself in that time. */
const PATIENCE = 60_000;
/** Failures in a row, the application's own the last, after which others have their turn. */
const TURN = 2;
/** Past a limit, a gateway wants nobody back sooner, and some much later. */
const LIMIT_WAIT = 5000;
const LIMIT_PATIENCE = 600_000;

/** One stream that is kept open. */
export interface Connection {
	readonly isOpen: boolean;
	/**
	 * Opens a stream in place of the one that there is, with the names, and where the host is by then: now, or when what is waited
	 * for is over.
	 */
	open(): void;
	/**
	 * From now on only what the gateway has asked for is waited for.
	 *
	 * @returns False if that is known to EventSource alone: it comes back by itself.
	 */
	hurry(): boolean;
	close(): void;
}

/** Keeps one stream open, whatever becomes of its connection. */
export function createConnection(scope: Scope, access: Access, host: ConnectionHost): Connection {
	const { ticket, headers } = access;
	let isOpen = false;
	let transport: Transport | undefined;
	/** Counts attempts: what an earlier one brings is nobody's any more. */
	let attempt = 0;
	let timer: ReturnType<typeof setTimeout> | undefined;
	let failures = 0;
	/** Whether a ticket or headers were asked for again because the last ones were refused. */
	let isAskedAgain = false;
	/** Whether something on the way loses the header with which EventSource says where it was. */
	let isHeaderLost = false;
	/** Whether this is to be found out: the stream that has not gone on is opened again, with its place in the URL. */
	let isSuspected = false;
	/** Whether nobody tells why EventSource has stopped: `fetch` does. */
	let isBlind = false;
	/** Milliseconds that any wait has at least. */
	let least = 0;
	/** `performance.now()` before which no stream is opened; and the part of it that the gateway has asked for. */
	let notBefore = 0;
	let asked = 0;
	/** Whether EventSource waits for what the gateway has asked for, which it tells nobody, and comes back by itself. */
	let isReturning = false;
	/** Whether the gateway has ended that stream in order, so that its wait is kept to. */
	let isSentAway = false;
	/** Whether it comes back with names, or at a place, of before. */
	let isStale = false;
	/** `performance.now()` of the last sign of life. */
	let heardAt = 0;
	let heartbeat = 0;

	const expect = (milliseconds: number, otherwise: () => void = again): void => {
		clearTimeout(timer);
		timer = setTimeout(otherwise, Math.min(milliseconds, LONGEST));
	};
	/** Nothing has come that was expected. */
	const again = (): void => {
		failures++;
		start();
		lose();
	};
	/** Always last: a page that is told may end it all. */
	const lose = (): void => {
		isOpen = false;
		host.lost();
	};
	const open = (): void => {
		const left = notBefore - performance.now();
		if (isReturning) isStale = true;
		else if (left <= 0) start();
		else {
			close();
			expect(left, start);
		}
	};
	const close = (): void => {
		attempt++;
		isOpen = isReturning = isSentAway = isStale = false;
		clearTimeout(timer);
		transport?.close();
	};

	/** Makes of a function one that does nothing when this attempt is over. */
	const ifCurrent = <Args extends unknown[]>(run: (...args: Args) => void) => {
		const current = attempt;
		return (...args: Args): boolean => {
			const isCurrent = current === attempt;
			if (isCurrent) run(...args);
			return isCurrent;
		};
	};
	const start = (): void => {
		close();
		const eventNames = host.names();
		const patience = Math.min(PATIENCE, FIRST_PATIENCE * 2 ** failures);
		const request = ifCurrent(([proof, sent]: Credentials): void => {
			/** Its request, from the place of that moment on. */
			const requestNow = (): StreamRequest => ({
				...access,
				url: streamUrl(access.url, eventNames, host.place(), proof),
				eventNames,
				headers: sent
			});
			expect(patience);
			const openStream = sent || isBlind || !scope.EventSource ? openFetch : openEventSource;
			transport = openStream(scope, requestNow(), createSink(requestNow));
		});
		if (!ticket && !headers) return void request([]);
		const refused = ifCurrent((error?: { status?: number }, wait?: number) =>
			failed({ status: error?.status, wait }, true)
		);
		// a request of the application may be on a dead connection, too
		expect(patience, () => refused(undefined, 0));
		askFor(access, eventNames).then(request).catch(refused);
	};

	const createSink = (requestNow: () => StreamRequest): StreamSink => {
		/** Whether this stream has been open; one that is open again may have lost its place. */
		let wasOpen = false;
		return {
			take: ifCurrent((name, data, id) => {
				heardAt = performance.now();
				if (name === "sse.open") {
					const said = readOpen(data);
					const isLost = wasOpen && !said.resumed && !!host.place();
					isSuspected ||= isLost;
					if (isLost || isStale) return start();
					wasOpen = true;
					if (isSuspected) isHeaderLost = said.resumed;
					isSuspected = isAskedAgain = isReturning = isSentAway = false;
					isOpen = true;
					failures = least = notBefore = asked = 0;
					heartbeat = said.heartbeat;
					clearTimeout(timer);
					if (heartbeat > 0) watch();
				}
				if (name === "sse.close") {
					isSentAway = true;
					if (JSON.parse(data).reason === "limit") least = LIMIT_WAIT;
				}
				host.take(name, data, id);
			}),
			lost: ifCurrent(() => {
				// It would come back with the ticket, which is used, or without its place.
				if (ticket || isHeaderLost) return failed({});
				// who has come back in vain has waited
				isSentAway &&= !isReturning;
				isReturning = true;
				asked = performance.now() + least;
				expect(least ? LIMIT_PATIENCE : PATIENCE);
				lose();
			}),
			closed: ifCurrent(() => {
				expect(PATIENCE);
				probe(scope, requestNow()).then(
					ifCurrent(failure => {
						isBlind ||= NO_HEAD.includes(failure.status);
						failed(failure);
					})
				);
				lose();
			}),
			failed: ifCurrent(failed)
		};
	};

	/** Looks whether two heartbeats are missing. */
	const watch = (): void => {
		const left = heardAt + 2 * heartbeat - performance.now();
		if (left > 0) expect(left, watch);
		else again();
	};

	/** @param isOwn It is the application that has failed. */
	const failed = ({ status, wait }: Failure, isOwn?: boolean): unknown => {
		close();
		if (OF_NAMES.includes(status) && host.retreats()) return open();
		if (FINAL.includes(status)) {
			if (isAskedAgain || !(ticket || headers)) return host.refused(status as number);
			isAskedAgain = true;
			wait = 0;
		}
		failures++;
		const now = performance.now();
		asked = now + ((status && wait) || least);
		notBefore = now + (wait ?? least + backoff(failures));
		if (isOwn && failures >= TURN && host.standsBack()) return;
		open();
		lose();
	};

	return {
		get isOpen() {
			return isOpen;
		},
		open,
		hurry() {
			isReturning &&= isSentAway;
			notBefore = asked;
			return !isReturning;
		},
		close
	};
}
