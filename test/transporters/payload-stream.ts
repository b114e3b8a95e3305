import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";

/** A stream whose events are kept as received text. */
export class PayloadStream {
	readonly data: string[] = [];
	resets = 0;
	readonly close: () => void;

	constructor(close: () => void) {
		this.close = close;
	}

	/** Resolves when an event with this text has arrived, or after `timeout` ms. */
	async until(text: string, timeout: number): Promise<void> {
		const deadline = Date.now() + timeout;
		while (Date.now() < deadline && !this.data.includes(text)) await sleep(50);
	}
}

/** Opens a stream; resolves when it is open. */
export function receivePayloads(
	url: string,
	sessionId: string,
	eventName: string
): Promise<PayloadStream> {
	const { promise, resolve, reject } = Promise.withResolvers<PayloadStream>();
	const req = request(`${url}/sse/event-stream?eventName=${eventName}`, {
		agent: false,
		headers: { Accept: "text/event-stream", Cookie: `sid=${sessionId}` }
	});
	const stream = new PayloadStream(() => req.destroy());
	req.on("error", reject);
	req.on("response", res => {
		const parser = createParser({
			onEvent({ event, data }) {
				if (event === "sse.open") resolve(stream);
				else if (event === "sse.reset") stream.resets++;
				else if (event === eventName) stream.data.push(data);
			}
		});
		res.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
		res.on("error", () => {});
	});
	req.end();
	return promise;
}
