import { request } from "node:http";
import { createParser } from "eventsource-parser";

/** Milliseconds. */
const PATIENCE = 10_000;

/** Opens a stream, leaves at once, and returns what `sse.open` said. */
export function openingOf(url: string): Promise<{ resumed: boolean; degraded?: boolean }> {
	const { promise, resolve, reject } =
		Promise.withResolvers<Awaited<ReturnType<typeof openingOf>>>();
	const req = request(`${url}/sse/event-stream?eventName=probe`, {
		agent: false,
		headers: { Accept: "text/event-stream", Cookie: "sid=probe" }
	});
	req.setTimeout(PATIENCE, () => req.destroy(new Error("no sse.open")));
	req.on("error", reject);
	req.on("response", res => {
		const parser = createParser({
			onEvent({ event, data }) {
				if (event !== "sse.open") return;
				resolve(JSON.parse(data));
				req.destroy();
			}
		});
		res.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
		res.on("error", () => {});
		res.on("end", () => reject(new Error(`status ${res.statusCode}, and no sse.open`)));
	});
	req.end();
	return promise;
}
