import type { EventSourceLike, Scope } from "./scope.ts";
import { OWN_EVENTS, type StreamRequest, type StreamSink, type Transport } from "./transport.ts";

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
	/** EventSource gives an event that has no id the last one that came. */
	let lastId = "";
	/** The event that `lastId` came with. */
	let lastEvent = "";
	/** Nothing with another id has come since the stream came back: what has the last one may be that event again. */
	let isBack = false;
	for (const name of new Set([...eventNames, ...OWN_EVENTS])) {
		source.addEventListener(name, ({ data, lastEventId }: Message) => {
			// EventSource has an `open` and an `error` of its own
			if (data === undefined) return;
			const event = `${name} ${data}`;
			const isNew = lastEventId !== lastId;
			const id = isNew || (isBack && event === lastEvent) ? lastEventId : "";
			if (isNew) {
				lastId = lastEventId;
				lastEvent = event;
			}
			isBack = name === "sse.open" || (isBack && !isNew);
			sink.take(name, data, id);
		});
	}
	source.onerror = () => (source.readyState === CLOSED ? sink.closed() : sink.lost());
	return {
		close() {
			source.onerror = null;
			source.close();
		}
	};
}
