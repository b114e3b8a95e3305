import { createParser } from "./parser.ts";
import type { Scope } from "./scope.ts";
import {
	type Failure,
	failureOf,
	initOf,
	type StreamRequest,
	type StreamSink,
	type Transport
} from "./transport.ts";

/** A stream over `fetch`, which can send headers. */
export function openFetch(scope: Scope, request: StreamRequest, sink: StreamSink): Transport {
	const abort = new AbortController();
	let isClosed = false;
	const parser = createParser((name, data, id) => isClosed || sink.take(name, data, id));
	const end = (failure: Failure): void => {
		if (!isClosed) sink.failed(failure);
		isClosed = true;
	};

	async function read(): Promise<void> {
		const init = { ...initOf(request), signal: abort.signal };
		const response = await scope.fetch(request.url, init);
		const type = response.headers.get("content-type") ?? "";
		const { status, body } = response;
		if (status !== 200 || !type.startsWith("text/event-stream") || !body) {
			abort.abort();
			return end(failureOf(response));
		}
		const decoder = new TextDecoder();
		const reader = body.getReader();
		for (let part = await reader.read(); !part.done && !isClosed; part = await reader.read()) {
			parser.feed(decoder.decode(part.value, { stream: true }));
		}
		// the gateway has ended it, and not the network
		end({ status, wait: parser.retry });
	}

	read().catch(() => end({ wait: parser.retry }));
	return {
		close() {
			isClosed = true;
			abort.abort();
		}
	};
}
