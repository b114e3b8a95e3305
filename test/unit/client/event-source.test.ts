import { expect, it } from "@jest/globals";
import { openEventSource } from "../../../client/event-source.ts";
import type { Scope } from "../../../client/scope.ts";

type Listener = (event: { data: string; lastEventId: string }) => void;

/** An EventSource that delivers what it is told to. */
function open() {
	const taken: string[] = [];
	const listeners = new Map<string, Listener>();
	class Source {
		readyState = 0;
		addEventListener(name: string, listener: Listener) {
			listeners.set(name, listener);
		}
		close() {}
	}
	const request = { url: "/", eventNames: ["a"], withCredentials: false, headers: {} };
	openEventSource({ EventSource: Source } as unknown as Scope, request, {
		take: (name, data, id) => void taken.push(`${name} ${data} ${id}`),
		lost() {},
		closed() {},
		failed() {}
	});
	const give = (name: string, data: string, lastEventId: string) =>
		listeners.get(name)?.({ data, lastEventId });
	return { taken, give };
}

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
