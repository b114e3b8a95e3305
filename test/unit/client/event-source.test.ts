import { expect, it } from "@jest/globals";
import { openEventSource } from "../../../client/event-source.ts";
import type { Scope } from "../../../client/scope.ts";

type Listener = (event: { data: string; lastEventId: string }) => void;

/** An EventSource that delivers what it is told to. */
function open() {
	const taken: string[] = [];
	const listeners = new Map<string, Listener>();
	const sources: Source[] = [];
	class Source {
		readyState = 0;
		onerror: ((event: object) => void) | null = null;
		constructor() {
			sources.push(this);
		}
		addEventListener(name: string, listener: Listener) {
			listeners.set(name, listener);
		}
		close() {
			this.readyState = 2;
		}
	}
	const eventNames = ["a", "error"];
	const request = { url: "/", eventNames, withCredentials: false, headers: {} };
	let isWanted = true;
	const transport = openEventSource({ EventSource: Source } as unknown as Scope, request, {
		take: (name, data, id) => void taken.push(`${name} ${data} ${id}`),
		lost: () => isWanted && taken.push("lost") > 0,
		closed: () => void taken.push("closed"),
		failed() {}
	});
	const [source] = sources as [Source];
	const give = (name: string, data: string, lastEventId: string) =>
		listeners.get(name)?.({ data, lastEventId });
	const close = () => {
		isWanted = false;
		transport.close();
	};
	return { taken, give, source, close };
}

// It was taken for a failure of the connection: the page was told that it had none, and a minute later another one was opened.
it("passes on an event that is called as EventSource calls its failures", () => {
	const { taken, give, source } = open();
	for (const [readyState, data] of [
		[1, "1"],
		[0, undefined],
		[2, undefined]
	] as const) {
		source.readyState = readyState;
		give("error", data as string, "");
		source.onerror?.({ data });
	}

	expect(taken).toEqual(["error 1 ", "lost", "closed"]);
});

// WebKit cancels what a page loads before it tells the page that it goes into the back/forward cache, and brings back what it has
// cancelled: a stream that was closed then was open again with the page, and nobody closed it.
it("is closed for good, though its browser brings it back with the page", () => {
	const { taken, source, close } = open();
	close();
	source.readyState = 0;
	source.onerror?.({});

	expect(source.readyState).toBe(2);
	expect(taken).toEqual([]);
});

it("gives no id to an event without one, though EventSource repeats the last", () => {
	const { taken, give } = open();
	give("sse.open", "{}", "p");
	give("a", "1", "p");
	give("a", "2", "q");
	give("a", "2", "q");

	expect(taken).toEqual(["sse.open {} p", "a 1 ", "a 2 q", "a 2 "]);
});

// After EventSource had come back, an event without an id and with the text of the last one was taken for that one again: a
// page that gets "something has changed" lost all of them.
it("takes no event for a repeat because the one before says the same, also when the stream is back", () => {
	const { taken, give } = open();
	give("a", "{}", "q");
	give("sse.open", "{}", "q");
	for (let n = 0; n < 3; n++) give("a", "{}", "q");
	give("a", "{}", "r");

	expect(taken).toEqual(["a {} q", "sse.open {} ", "a {} ", "a {} ", "a {} ", "a {} r"]);
});
