import type { EventSourceLike, Scope } from "./scope.ts";
import { OWN_EVENTS, type StreamRequest, type StreamSink, type Transport } from "./transport.ts";

const CONNECTING = 0;
const CLOSED = 2;

interface Message {
	readonly data: string;
	readonly lastEventId: string;
}

/** A stream over the platform's own EventSource, which comes back by itself from all but a refusal. */
export function openEventSource(
	scope: Scope,
	{ url, eventNames, withCredentials }: StreamRequest,
	sink: StreamSink
): Transport {
	const source = new (scope.EventSource as new (url: string, init: object) => EventSourceLike)(
		url,
		{ withCredentials }
	);
	/**
	 * EventSource repeats the last id with an event that has none. The same id never comes a second time otherwise: a replay begins
	 * after it (docs/protocol.md, 8.5).
	 */
	let lastId = "";
	for (const name of [...eventNames, ...OWN_EVENTS]) {
		source.addEventListener(name, ({ data, lastEventId }: Message) => {
			// EventSource has an `open` and an `error` of its own
			if (data === undefined) return;
			const id = lastEventId === lastId ? "" : lastEventId;
			lastId = lastEventId;
			sink.take(name, data, id);
		});
	}
	source.onerror = () => {
		if (source.readyState === CLOSED) sink.closed();
		// otherwise it is an event of this name
		else if (source.readyState === CONNECTING && !sink.lost()) {
			// WebKit brings back one that was closed when its page went into the back/forward cache
			source.close();
		}
	};
	return source;
}
