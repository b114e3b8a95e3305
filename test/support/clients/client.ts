import { request } from "node:http";
import { createParser } from "eventsource-parser";
import { onTestFinished } from "../on-test-finished.ts";

export interface Received {
	readonly id: string | undefined;
	readonly event: string;
	readonly data: unknown;
}

/** An open stream, like a browser's behind the load balancer. */
export interface Client {
	/** The gateway that the load balancer chose. */
	readonly node: string;
	/** Events proper, without control events. */
	readonly events: Received[];
	/** Control events. */
	readonly told: Received[];
	/** The last id that arrived, with whatever event. */
	place: string | undefined;
	readonly ended: Promise<void>;
	/** Leaves, like a closed browser tab. */
	close(): void;
}

/** Opens a stream and resolves when `sse.open` has arrived. Every call uses a connection of its own. */
export function connect(
	url: string,
	sessionId: string,
	eventNames: readonly string[],
	lastEventId?: string
): Promise<Client> {
	const query = new URLSearchParams(
		eventNames.map((name): [string, string] => ["eventName", name])
	);
	const { promise, resolve, reject } = Promise.withResolvers<Client>();
	const ended = Promise.withResolvers<void>();
	const req = request(`${url}/sse/event-stream?${query}`, {
		agent: false,
		headers: {
			Accept: "text/event-stream",
			Cookie: `sid=${sessionId}`,
			...(lastEventId !== undefined && { "Last-Event-ID": lastEventId })
		}
	});
	onTestFinished(() => void req.destroy());
	req.on("error", reject);
	req.on("response", res => {
		const client: Client = {
			node: String(res.headers["x-node"]),
			events: [],
			told: [],
			place: lastEventId,
			ended: ended.promise,
			close: () => req.destroy()
		};
		if (res.statusCode !== 200) reject(new Error(`status ${res.statusCode}`));
		const parser = createParser({
			onEvent({ id, event = "message", data }) {
				client.place = id ?? client.place;
				const received = { id, event, data: JSON.parse(data) };
				(event.startsWith("sse.") ? client.told : client.events).push(received);
				if (event === "sse.open") resolve(client);
			}
		});
		res.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
		res.on("error", () => {});
		res.on("close", () => ended.resolve());
	});
	req.end();
	return promise;
}
