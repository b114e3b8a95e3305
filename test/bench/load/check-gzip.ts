import { get } from "node:http";
import { createGunzip } from "node:zlib";
import type { Entrant } from "../entrants/entrant.ts";
import type { PayloadShape } from "../payload.ts";
import { sessionOf } from "../session.ts";

const EVENTS = 5;
const PATIENCE = 5000;

/**
 * Reads one compressed stream like a browser. The load generator only counts where events end, which does not show that anyone
 * could read them.
 */
export async function checkGzip(entrant: Entrant, shape: PayloadShape): Promise<void> {
	const server = await entrant.open(1);
	try {
		const text = await read(server, () => server.tick(EVENTS, shape));
		const events = text.match(/^data: \{"t":.*\}$/gm) ?? [];
		for (const event of events) JSON.parse(event.slice("data: ".length));
		if (events.length !== EVENTS) throw new Error(`${events.length} of ${EVENTS} events were read`);
	} finally {
		await server.stop();
	}
}

/** The text of a stream, until all events are in it or patience ends. */
async function read(
	{ port, path }: { port: number; path: string },
	send: () => unknown
): Promise<string> {
	const { promise, resolve, reject } = Promise.withResolvers<string>();
	const headers = { "Accept-Encoding": "gzip", Cookie: `sid=${sessionOf(0)}` };
	let text = "";
	const timer = setTimeout(() => resolve(text), PATIENCE);
	const request = get({ host: "127.0.0.1", port, path, headers }, response => {
		if (response.headers["content-encoding"] !== "gzip") {
			return reject(new Error("the stream is not compressed"));
		}
		response
			.pipe(createGunzip())
			.on("error", reject)
			.setEncoding("utf8")
			.on("data", (part: string) => {
				text += part;
				if (text.split('data: {"t":').length > EVENTS && text.endsWith("\n\n")) resolve(text);
			});
		send();
	});
	request.on("error", reject);
	return promise.finally(() => {
		clearTimeout(timer);
		request.destroy();
	});
}
