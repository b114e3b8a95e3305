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

it("gives an event its id that is repeated when the stream is back", () => {
	const { taken, give } = open();
	give("a", "1", "p");
	give("sse.open", "{}", "p");
	give("a", "1", "p");
	give("a", "2", "q");
	give("a", "2", "q");

	expect(taken.slice(1)).toEqual(["sse.open {} ", "a 1 p", "a 2 q", "a 2 "]);
});
