import { StreamParser } from "./parser.ts";
import type { Scope } from "./scope.ts";
import { failureOf, type StreamRequest, type StreamSink, type Transport } from "./transport.ts";

/** A stream over `fetch`, which can send headers. */
export function openFetch(scope: Scope, request: StreamRequest, sink: StreamSink): Transport {
	const abort = new AbortController();
	let isClosed = false;

	async function read(): Promise<void> {
		const response = await scope.fetch(request.url, {
			headers: { ...request.headers, Accept: "text/event-stream" },
			credentials: request.withCredentials ? "include" : "same-origin",
			cache: "no-store",
			signal: abort.signal
		});
		const type = response.headers.get("content-type") ?? "";
		if (response.status !== 200 || !type.startsWith("text/event-stream") || !response.body) {
			abort.abort();
			if (!isClosed) sink.failed(failureOf(response));
			return;
		}
		const parser = new StreamParser((name, data, id) => isClosed || sink.take(name, data, id));
		const decoder = new TextDecoder();
		/** Of a stream that the gateway has ended, and not the network. */
		let status: number | undefined;
		try {
			const reader = response.body.getReader();
			for (let part = await reader.read(); !part.done && !isClosed; part = await reader.read()) {
				parser.feed(decoder.decode(part.value, { stream: true }));
			}
			status = 200;
		} finally {
			if (!isClosed) sink.failed({ status, wait: parser.retry });
			isClosed = true;
		}
	}

	read().catch(() => {
		if (!isClosed) sink.failed({});
	});
	return {
		close() {
			isClosed = true;
			abort.abort();
		}
	};
}
