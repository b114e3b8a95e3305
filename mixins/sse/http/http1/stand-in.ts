import type { ServerResponse } from "node:http";
import type { Socket } from "../socket.ts";

type Callback = (error?: Error) => void;

/**
 * Makes a response whose socket was taken from it act for its stream: code that has kept the response, and ends it one day,
 * means the stream. What it writes would be kept for ever, so it is refused.
 *
 * @param end Ends the stream.
 */
export function standIn(response: ServerResponse, socket: Socket, end: () => void): void {
	Object.assign(response, {
		write: (...args: unknown[]) => {
			const refusal = new Error(
				"This response is a stream of moleculer-sse: nothing else can be written to it."
			);
			const callback = callbackIn(args);
			if (callback !== undefined) process.nextTick(callback, refusal);
			return false;
		},
		end: (...args: unknown[]) => {
			const callback = callbackIn(args);
			if (callback !== undefined) whenClosed(socket, callback);
			if (!response.finished) end();
			// Node derives `writableEnded` from it.
			response.finished = true;
			return response;
		},
		destroy: () => {
			socket.destroy();
			return response;
		}
	});
	Object.defineProperty(response, "destroyed", {
		configurable: true,
		get: () => socket.destroyed,
		set: () => {}
	});
}

function callbackIn(args: readonly unknown[]): Callback | undefined {
	return args.find(arg => typeof arg === "function") as Callback | undefined;
}

function whenClosed(socket: Socket, callback: Callback): void {
	if (socket.destroyed) process.nextTick(callback);
	else socket.once("close", () => callback());
}
