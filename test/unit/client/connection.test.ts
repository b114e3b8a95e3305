import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Access } from "../../../client/access.ts";
import { type ConnectionHost, createConnection } from "../../../client/connection.ts";
import type { Scope } from "../../../client/scope.ts";

beforeEach(() => {
	jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
	jest.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
	jest.useRealTimers();
	jest.restoreAllMocks();
});

const open = (data: object = {}) =>
	`event: sse.open\ndata: ${JSON.stringify({ resumed: true, ...data })}\n\n`;
const streamOf = (text: string) =>
	new Response(text, { headers: { "content-type": "text/event-stream" } });

class Source {
	readyState = 0;
	onerror: (() => void) | null = null;
	readonly url: string;
	readonly #listeners = new Map<string, (event: object) => void>();

	constructor(url: string) {
		this.url = url;
	}

	addEventListener(name: string, listener: (event: object) => void) {
		this.#listeners.set(name, listener);
	}

	give(name: string, data: object) {
		this.#listeners.get(name)?.({ data: JSON.stringify(data), lastEventId: "" });
	}

	close() {
		this.readyState = 2;
	}
}

/** A connection of a page, with the requests for streams that it makes, and those that ask what one would be answered. */
function make(
	access: Partial<Access> = {},
	answer: (init: RequestInit) => Response | Promise<Response> = () =>
		Promise.reject(new TypeError("offline")),
	usesEventSource = false
) {
	const requests: string[] = [];
	const probes: string[] = [];
	const sources: Source[] = [];
	const page = { names: ["a"], refused: [] as number[] };
	const scope = {
		fetch: async (url: string, init: RequestInit) => {
			if (init.method === "HEAD") probes.push(init.redirect ?? "follow");
			else requests.push(url);
			return answer(init);
		},
		...(usesEventSource && {
			EventSource: class extends Source {
				constructor(url: string) {
					super(url);
					requests.push(url);
					sources.push(this);
				}
			}
		})
	} as unknown as Scope;
	const host = {
		names: () => page.names,
		place: () => "",
		take() {},
		lost() {},
		standsBack: () => false,
		retreats: () => false,
		refused: (status: number) => void page.refused.push(status)
	} as unknown as ConnectionHost;
	const connection = createConnection(scope, { url: "/", withCredentials: false, ...access }, host);
	connection.open();
	/** Lets so much time pass, and everything happen that waits for it. */
	const pass = async (milliseconds: number) => {
		for (let n = 0; n < 5; n++) await turn();
		await jest.advanceTimersByTimeAsync(milliseconds);
		for (let n = 0; n < 5; n++) await turn();
	};
	return { connection, requests, probes, sources, page, pass };
}

const MINUTE = 60_000;

describe("a connection", () => {
	// A request of the application on a connection that was dead kept the page without a stream for ever.
	it.each<"ticket" | "headers">(["ticket", "headers"])(
		"asks again for a %s that does not come, and later waits longer for it",
		async what => {
			let asked = 0;
			const never = () => {
				asked++;
				return new Promise<never>(() => {});
			};
			const { pass } = make({ [what]: never });
			await pass(4900);
			expect(asked).toBe(1);
			await pass(200);
			expect(asked).toBe(2);
			await pass(9800);
			expect(asked).toBe(2);
			await pass(60 * MINUTE);

			expect(asked).toBeGreaterThan(50);
			expect(asked).toBeLessThan(70);
		}
	);

	// Each change of its event names opened a stream at once: a page that was told to stay away came back with every component.
	it.each<[string, () => Response | Promise<Response>, number]>([
		[
			"Retry-After",
			() => new Response("", { status: 429, headers: { "retry-after": "60" } }),
			60_000
		],
		[
			"a date in Retry-After",
			() => {
				const after = new Date(Date.now() + 60_000).toUTCString();
				return new Response("", { status: 503, headers: { "retry-after": after } });
			},
			60_000
		],
		["retry", () => streamOf(`retry: 60000\n${open()}`), 60_000],
		["its own backoff", () => Promise.reject(new TypeError("offline")), 500]
	])("keeps to a wait whatever changes: %s", async (_, answer, wait) => {
		const { connection, requests, page, pass } = make({}, answer);
		await pass(0);
		for (let n = 0; n < 4; n++) {
			page.names = ["a", `b${n}`];
			connection.open();
			await pass(wait / 5);
		}
		connection.close();
		connection.open();
		expect(requests.length).toBe(1);
		await pass(wait / 5 + 1);

		expect(requests).toEqual(["/?eventName=a", "/?eventName=a&eventName=b3"]);
	});

	it("keeps to what the gateway has asked for when the network is back, and to nothing else", async () => {
		const isOffline = () => Promise.reject(new TypeError("offline"));
		const answers: (() => Response | Promise<Response>)[] = [
			isOffline,
			() => new Response("", { status: 503, headers: { "retry-after": "60" } }),
			() => new Response("", { status: 502 })
		];
		const { connection, requests, pass } = make({}, ({ method }) =>
			method === "HEAD" ? isOffline() : (answers.shift() as () => Response)()
		);
		const hurry = async () => {
			await pass(0);
			connection.hurry();
			connection.open();
		};
		await hurry();
		expect(requests.length).toBe(2);
		await hurry();
		await pass(59_900);
		expect(requests.length).toBe(2);
		await pass(200);
		expect(requests.length).toBe(3);
		answers.push(() => streamOf(`retry: 60000\n${open()}`));
		await hurry();
		expect(requests.length).toBe(4);
		await hurry();

		expect(requests.length).toBe(4);
	});

	it("lets EventSource come back when it was told to, and then asks for what has changed", async () => {
		const { connection, requests, sources, page, pass } = make({}, undefined, true);
		const [first] = sources as [Source];
		first.give("sse.open", { resumed: true });
		first.give("sse.close", { reason: "drain" });
		first.onerror?.();
		page.names = ["a", "b"];
		connection.open();
		await pass(10_000);
		expect(requests.length).toBe(1);
		first.give("sse.open", { resumed: true });
		expect(requests.length).toBe(2);
		expect(first.readyState).toBe(2);
		const second = sources[1] as Source;
		expect(second.url).toBe("/?eventName=a&eventName=b");
		second.give("sse.open", { resumed: true });
		second.onerror?.();
		connection.hurry();
		connection.open();

		expect(requests.length).toBe(3);
	});

	it("comes back no sooner than five seconds after a limit, though the page was away and is back", async () => {
		const { connection, requests, sources, pass } = make({}, undefined, true);
		sources[0]?.give("sse.close", { reason: "limit" });
		sources[0]?.onerror?.();
		connection.close();
		expect(connection.hurry()).toBe(true);
		connection.open();
		await pass(4900);
		expect(requests.length).toBe(1);
		await pass(200);

		expect(requests.length).toBe(2);
	});

	// The request that asks why EventSource has stopped may be on a dead connection as well.
	it("comes back though it does not learn why EventSource has stopped", async () => {
		const never = () => new Promise<never>(() => {});
		const { probes, sources, pass } = make({}, never, true);
		const [first] = sources as [Source];
		first.give("sse.open", { resumed: true });
		first.close();
		first.onerror?.();
		expect(probes.length).toBe(1);
		await pass(59_900);
		expect(sources.length).toBe(1);
		await pass(200);

		expect(sources.length).toBe(2);
	});

	// Behind a proxy that lets only GET pass, a page never learned that its session was over, and came back for ever.
	it.each([404, 405, 501])(
		"asks by GET why EventSource has stopped if HEAD gets %s",
		async status => {
			const answer = ({ method }: RequestInit) =>
				new Response(null, { status: method === "HEAD" ? status : 401 });
			const { sources, page, requests, probes, pass } = make({}, answer, true);
			const [first] = sources as [Source];
			first.close();
			first.onerror?.();
			await pass(1000);

			expect(page.refused).toEqual([401]);
			expect([sources.length, requests.length, probes.length]).toEqual([1, 2, 1]);
		}
	);

	describe("that is sent to a page where one logs in", () => {
		/** What browsers show of an answer that sends them elsewhere, if they are not to go there. */
		const redirect = () => Object.defineProperty(new Response(), "status", { value: 0 });
		const failure = () => Promise.reject(new TypeError("Failed to fetch"));
		const page = (type = "text/html") => {
			const answer = new Response("", { headers: { "content-type": type } });
			return Object.defineProperty(answer, "redirected", { value: true });
		};

		/** Fails as EventSource or `fetch` does; what is refused then, and how often was asked. */
		async function fail(
			usesEventSource: boolean,
			answer: (init: RequestInit) => Response | Promise<Response>
		) {
			const { sources, page, requests, probes, pass } = make({}, answer, usesEventSource);
			for (const source of sources) {
				source.close();
				source.onerror?.();
			}
			await pass(0);
			const asked = [...probes];
			await pass(10 * MINUTE);
			return { refused: page.refused, probes: asked, streams: requests.length };
		}

		// Over both, it was taken for a network that is away: the page came back for ever, and its user was never asked to log in.
		it.each([true, false])(
			"of another origin, which lets nothing be read, is unauthorized (EventSource: %s)",
			async usesEventSource => {
				const outcome = await fail(usesEventSource, ({ redirect: how }) =>
					how === "manual" ? redirect() : failure()
				);
				expect(outcome).toEqual({ refused: [401], probes: ["manual", "follow"], streams: 1 });
			}
		);

		it.each([302, 303, 307])(
			"is unauthorized where a platform tells the status %s of what sends it there",
			async status => {
				const outcome = await fail(true, ({ redirect: how }) =>
					how === "manual" ? new Response(null, { status }) : failure()
				);
				expect(outcome.refused).toEqual([401]);
			}
		);

		// A page that answers 200 looked like a gateway that has just started.
		it.each([true, false])(
			"of the same origin is unauthorized (EventSource: %s)",
			async usesEventSource => {
				const outcome = await fail(usesEventSource, ({ redirect: how }) =>
					how === "manual" ? redirect() : page()
				);
				expect([outcome.refused, outcome.streams]).toEqual([[401], 1]);
			}
		);

		it("is what the place says to which it is sent, if that says something", async () => {
			for (const status of [403, 204]) {
				const { refused } = await fail(true, ({ redirect: how }) =>
					how === "manual" ? redirect() : new Response(null, { status })
				);
				expect(refused).toEqual([status]);
			}
		});

		it("comes back if it is a gateway to which it is sent, and that is busy, or well again", async () => {
			for (const answer of [
				() => new Response("", { status: 503 }),
				() => page("text/event-stream")
			]) {
				const { refused, streams } = await fail(true, ({ redirect: how }) =>
					how === "manual" ? redirect() : answer()
				);
				expect(refused).toEqual([]);
				expect(streams).toBeGreaterThan(10);
			}
		});

		it("comes back, and asks once each time, if it is the network that is away", async () => {
			for (const usesEventSource of [true, false]) {
				const { refused, probes, streams } = await fail(usesEventSource, failure);
				expect([refused, probes]).toEqual([[], ["manual"]]);
				expect(streams).toBeGreaterThan(10);
			}
		});
	});

	// A gateway that stops spreads its clients by `retry:`; a network that came back, as that of a building, undid it.
	describe("that is sent away in order, over EventSource", () => {
		/** Loses its stream, and is told that the network is back: how many streams it has opened by then. */
		function lose(reason: string | undefined) {
			const made = make({}, undefined, true);
			const [source] = made.sources as [Source];
			source.give("sse.open", { resumed: true });
			if (reason !== undefined) source.give("sse.close", { reason });
			source.onerror?.();
			const back = () => {
				if (made.connection.hurry()) made.connection.open();
				return made.sources.length;
			};
			return { ...made, source, back };
		}

		it.each(["drain", "timeout", "limit", "unavailable", "revoked"])(
			"%s: comes back when it was told to, and once, though the network is back",
			async reason => {
				const { sources, source, back, pass } = lose(reason);
				for (let n = 0; n < 5; n++) {
					expect(back()).toBe(1);
					await pass(5000);
				}
				source.give("sse.open", { resumed: true });
				await pass(1000);

				expect(sources.length).toBe(1);
				expect(source.readyState).not.toBe(2);
			}
		);

		it("comes back at once if its connection was broken", () => {
			expect(lose(undefined).back()).toBe(2);
		});

		it("comes back at once if it has waited, and the network was away when it came back", () => {
			const { source, back } = lose("drain");
			source.onerror?.();
			expect(back()).toBe(2);
		});

		it("keeps to nothing of an end before the last", () => {
			const { source, back } = lose("drain");
			source.give("sse.open", { resumed: true });
			source.onerror?.();
			expect(back()).toBe(2);
		});

		it("comes back by itself though EventSource does not", async () => {
			const { sources, back, pass } = lose("drain");
			back();
			await pass(MINUTE + 100);
			expect(sources.length).toBe(2);
		});
	});

	it("opens no stream more, and asks again, as long as what it needs fails; another one may try", async () => {
		let asked = 0;
		const ticket = async (): Promise<never> => {
			asked++;
			throw new Error("no ticket");
		};
		const { connection, requests, pass } = make({ ticket });
		await pass(10 * MINUTE);
		expect(asked).toBeGreaterThan(20);
		expect(requests).toEqual([]);
		connection.close();
	});

	// A stream that is over at once, with `retry: 0`, was opened again as fast as it could be.
	it.each(["", open()])(
		"is no hot loop if a gateway asks for no wait, and sends %j",
		async text => {
			const { requests, pass } = make({}, () => streamOf(`retry: 0\n\n${text}`));
			for (let n = 0; n < 100; n++) await pass(100);

			expect(requests.length).toBeLessThan(40);
		}
	);

	// A timer of more than 24 days is over at once.
	it("is no hot loop, whatever a gateway asks for", async () => {
		const { requests, pass } = make({}, () => streamOf(`retry: 2592000000\n${open()}`));
		await pass(10 * MINUTE);
		expect(requests.length).toBe(1);

		const timers = jest.spyOn(globalThis, "setTimeout");
		const { sources, pass: passMore } = make({}, undefined, true);
		sources[0]?.give("sse.open", { resumed: true, heartbeat: 2 ** 31 });
		await passMore(1000);
		expect(timers.mock.calls.length).toBeLessThan(10);
	});
});
