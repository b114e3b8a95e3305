import { createParser, type StreamParser } from "./parser.ts";
import type { Scope } from "./scope.ts";
import {
	failureOf,
	initOf,
	isStream,
	type StreamRequest,
	type StreamSink,
	type Transport
} from "./transport.ts";

/** A stream over `fetch`, which can send headers. */
export function openFetch(scope: Scope, request: StreamRequest, sink: StreamSink): Transport {
	const abort = new AbortController();
	/** Once it is answered by a stream. */
	let parser: StreamParser | undefined;

	const read = async (): Promise<void> => {
		const { signal } = abort;
		const response = await scope.fetch(request.url, { ...initOf(request), signal });
		const { body } = response;
		if (!isStream(response) || !body) {
			abort.abort();
			return sink.failed(failureOf(response));
		}
		parser = createParser(sink.take);
		const decoder = new TextDecoder();
		const reader = body.getReader();
		for (let part = await reader.read(); !part.done; part = await reader.read()) {
			parser.feed(decoder.decode(part.value, { stream: true }));
		}
		// the gateway has ended it, and not the network
		sink.failed({ status: 200, wait: parser.retry });
	};

	read().catch(() => (parser ? sink.failed({ wait: parser.retry }) : sink.closed()));
	return { close: () => abort.abort() };
}
