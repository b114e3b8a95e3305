import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import type { ConnectOptions } from "../../client/connect.ts";
import {
	type BrowserTab,
	Page,
	type TabSetup,
	TestBrowser,
	TRANSPORTS
} from "../support/clients/browser-scope.ts";
import { send as request } from "../support/clients/request.ts";
import { openStream } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { authenticating, TICKET_ROUTE, TICKET_SECRET } from "../support/gateway/tickets.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { startTcpProxy } from "../support/processes/tcp-proxy.ts";

const NEWS = "news";
const PATH = "/sse/event-stream";
const QUICK: GatewaySetup["sse"] = { retry: [20, 40] };

const send = (gateway: TestGateway, payload: unknown, eventName = NEWS) =>
	gateway.send({ eventName, sessionId: "alice", payload });

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Sends so many numbers, from 0, each some milliseconds after the one before: over several lives of a stream. */
async function sendMany(gateway: TestGateway, count: number, pause: number): Promise<void> {
	for (const n of range(count)) {
		await send(gateway, n);
		await new Promise(resolve => setTimeout(resolve, pause));
	}
}

describe.each(TRANSPORTS)("the client over %s", transport => {
	/** A page of alice's that listens to news. */
	function open(
		gateway: TestGateway,
		{ url = gateway.origin + PATH, ...options }: ConnectOptions & { url?: string } = {},
		setup: TabSetup = {}
	): { page: Page; tab: BrowserTab; browser: TestBrowser } {
		const browser = new TestBrowser();
		const tab = browser.tab({ transport, ...setup });
		const page = new Page(tab.connect(url, { shared: false, ...options }), NEWS);
		return { page, tab, browser };
	}
	const isOpen = (page: Page) =>
		eventually(() => expect(page.connection.state).toBe("open"), { timeout: 15_000 });
	const got = (page: Page, events: unknown[]) =>
		eventually(() => expect(page.events).toEqual(events), { timeout: 15_000 });

	it("passes on events as they arrive, and reports once that it has started", async () => {
		const gateway = await startGateway();
		const { page } = open(gateway);
		expect(page.connection.state).toBe("connecting");
		await isOpen(page);
		await send(gateway, { a: 1 });
		await send(gateway, "two\nlines");
		await got(page, [{ a: 1 }, "two\nlines"]);

		expect(page.starts).toBe(1);
		expect(page.resets).toEqual([]);
		expect(new Set(page.ids).size).toBe(2);
		page.connection.close();
		expect(page.connection.state).toBe("closed");
		await eventually(() => expect(gateway.held.streams).toBe(0));
	});

	it("passes on a text as it came, though it looks like JSON", async () => {
		const gateway = await startGateway({ sse: { events: { [NEWS]: { as: "text" } } } });
		const { page } = open(gateway);
		await isOpen(page);
		for (const text of ["7", "a\nb", '{"a":1}', ""]) await send(gateway, text);

		await got(page, ["7", "a\nb", '{"a":1}', ""]);
	});

	// EventSource has an `open` and an `error` of its own: the latter as an event ended the stream for a minute.
	it("passes on events that are called as EventSource calls its own", async () => {
		const gateway = await startGateway();
		const { page, browser } = open(gateway);
		const names = ["error", "open", "message", "constructor"];
		for (const name of names) page.listen(name);
		await isOpen(page);
		for (const name of [...names, NEWS]) await send(gateway, name, name);
		await got(page, [...names, NEWS]);

		expect(page.states).toEqual(["open"]);
		expect(browser.requests).toHaveLength(1);
	});

	it("continues where it was whenever its stream ends, with each event once and in order", async () => {
		const gateway = await startGateway({ sse: { ...QUICK, timeout: 150 } });
		const { page, browser } = open(gateway);
		await isOpen(page);
		await sendMany(gateway, 60, 10);
		await got(page, range(60));

		expect(page.resets).toEqual([]);
		expect(page.starts).toBe(1);
		expect(browser.requests.length).toBeGreaterThan(2);
	});

	it("opens one stream for all changes in a turn, and loses and doubles nothing by it", async () => {
		const gateway = await startGateway();
		const { page, browser } = open(gateway);
		await isOpen(page);
		let isDone = false;
		let sent = 0;
		const sending = (async () => {
			while (!isDone) {
				await send(gateway, sent++);
				await new Promise(resolve => setImmediate(resolve));
			}
		})();
		for (const round of range(5)) {
			const before = browser.requests.length;
			const offs = range(10).map(n => page.listen(`other-${round}-${n}`));
			for (const off of offs.slice(1)) off();
			await eventually(() => expect(browser.requests.length).toBe(before + 1));
			await eventually(() => expect(gateway.held.eventNames).toBe(2 + round));
		}
		isDone = true;
		await sending;
		await got(page, range(sent));

		expect(browser.requests.length).toBe(6);
		expect(page.resets).toEqual([]);
	});

	it("reports missing events by one reset, with its reason, and continues", async () => {
		const gateway = await startGateway({ sse: QUICK });
		const { page } = open(gateway);
		await isOpen(page);
		await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
		await eventually(() => expect(page.resets).toEqual(["revoked"]), { timeout: 15_000 });
		await send(gateway, 1);
		await got(page, [1]);

		expect(page.resets).toEqual(["revoked"]);
	});

	// Without a history there are no places, and the gateway takes each stream for a first one.
	it("takes a stream that silently continues nowhere for a reset", async () => {
		const gateway = await startGateway({ sse: { ...QUICK, history: null, timeout: 150 } });
		const { page } = open(gateway);
		await eventually(() => expect(page.resets[0]).toBe("lost"), { timeout: 15_000 });

		expect(page.starts).toBe(1);
	});

	// With `fetch` the place is always in the URL: there is no header to lose.
	if (transport === "EventSource")
		it("sends its place in the URL if something on the way loses the header", async () => {
			const gateway = await startGateway({ sse: { ...QUICK, timeout: 150 } });
			let lost = 0;
			const passOn = (_: string, init: RequestInit) => {
				const headers = { ...(init.headers as Record<string, string>) };
				if (headers["Last-Event-ID"]) lost++;
				delete headers["Last-Event-ID"];
				return { ...init, headers };
			};
			const { page } = open(gateway, {}, { passOn });
			await isOpen(page);
			await sendMany(gateway, 60, 10);
			await got(page, range(60));

			expect(page.resets).toEqual([]);
			expect(lost).toBe(1);
		});

	it.each([404, 429, 502])(
		"comes back when it was answered %s, and has missed nothing",
		async status => {
			const random = jest.spyOn(Math, "random").mockReturnValue(0.05);
			onTestFinished(() => random.mockRestore());
			let fails = false;
			let failures = 0;
			const use = [
				(_req: unknown, _res: unknown, next: (error?: Error) => void) => {
					if (fails) failures++;
					next(fails ? Object.assign(new Error("not now"), { code: status }) : undefined);
				}
			];
			const aliases = { "GET /events": { type: "sse" } };
			const gateway = await startGateway({
				sse: { ...QUICK, path: null, refusals: "http", timeout: 200 },
				settings: { routes: [{ path: "/live", use, aliases }] }
			});
			const { page } = open(gateway, { url: `${gateway.origin}/live/events` });
			await isOpen(page);
			fails = true;
			await eventually(() => expect(failures).toBeGreaterThan(1), { timeout: 15_000 });
			await send(gateway, 1);
			expect(page.connection.state).toBe("connecting");
			fails = false;
			await got(page, [1]);

			expect(page.resets).toEqual([]);
			expect(page.ends).toEqual([]);
		}
	);

	it("comes back when the gateway was away, at once if the network is back", async () => {
		const gateway = await startGateway({ sse: QUICK });
		const { port } = new URL(gateway.origin);
		const proxy = await startTcpProxy(Number(port));
		onTestFinished(() => proxy.close());
		const { page, tab, browser } = open(gateway, { url: `http://127.0.0.1:${proxy.port}${PATH}` });
		await isOpen(page);
		// the client's own waits are longer than this test
		const random = jest.spyOn(Math, "random").mockReturnValue(1000);
		onTestFinished(() => random.mockRestore());
		tab.isOffline = true;
		proxy.down();
		await eventually(() => expect(browser.requests.length).toBeGreaterThan(1));
		expect(page.connection.state).toBe("connecting");
		await send(gateway, 1);
		tab.isOffline = false;
		proxy.up();
		// of the second within which pages come back
		random.mockReturnValue(0.5);
		tab.fire("online");
		await got(page, [1]);

		expect(page.resets).toEqual([]);
	});

	it("notices from two missing heartbeats that its connection is dead", async () => {
		const gateway = await startGateway({ sse: { ...QUICK, heartbeat: 200 } });
		const { port } = new URL(gateway.origin);
		const proxy = await startTcpProxy(Number(port));
		onTestFinished(() => proxy.close());
		const { page } = open(gateway, { url: `http://127.0.0.1:${proxy.port}${PATH}` });
		await isOpen(page);
		proxy.mute();
		await send(gateway, 1);
		await got(page, [1]);

		expect(page.resets).toEqual([]);
	});

	it("ends when its session is over, and reports the gateway's last reason", async () => {
		let isValid = true;
		const session = () => (isValid ? "alice" : null);
		const gateway = await startGateway({ sse: { ...QUICK, session } });
		const { page, browser, tab } = open(gateway);
		await isOpen(page);
		isValid = false;
		await gateway.broker.broadcast("sse.close", { sessionId: "alice", reason: "logged out" });
		await eventually(() => expect(page.ends).toEqual([["unauthorized", "logged out"]]));
		const before = browser.requests.length;
		tab.fire("online");
		tab.fire("pageshow", { persisted: true });
		await new Promise(resolve => setTimeout(resolve, 100));

		expect(page.connection.state).toBe("closed");
		expect(browser.requests.length).toBe(before);
		expect(tab.listeners).toBe(0);
	});

	// Both were taken for something that will be well again: the page came back for ever, and its user was never asked to log in.
	it.each(["the same origin", "another origin"])(
		"ends when its session is over, and it is sent to a page of %s to log in",
		async where => {
			const other = createServer((_, res) =>
				res.setHeader("Content-Type", "text/html").end("login")
			);
			await new Promise<void>(resolve => other.listen(0, "127.0.0.1", resolve));
			onTestFinished(() => new Promise(resolve => other.close(resolve)));
			const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/login`;
			const Location = where === "another origin" ? elsewhere : "/login";
			let isOver = false;
			const toLogin = (req: IncomingMessage, res: ServerResponse, next: () => void) => {
				if (req.url === "/login") res.setHeader("Content-Type", "text/html").end("login");
				else if (isOver) res.writeHead(302, { Location }).end();
				else next();
			};
			const gateway = await startGateway({ sse: QUICK, settings: { use: [toLogin] } });
			const { page } = open(gateway);
			await isOpen(page);
			isOver = true;
			await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
			await eventually(() => expect(page.ends).toEqual([["unauthorized", "revoked"]]), {
				timeout: 15_000
			});
		}
	);

	it("goes on where it is sent to a gateway of another path", async () => {
		const sendOn = (req: IncomingMessage, res: ServerResponse, next: () => void) => {
			const [path, query] = (req.url ?? "").split("?");
			if (path !== "/moved") return next();
			res.writeHead(307, { Location: `${PATH}?${query}` }).end();
		};
		const gateway = await startGateway({
			sse: { ...QUICK, timeout: 150 },
			settings: { use: [sendOn] }
		});
		const { page } = open(gateway, { url: `${gateway.origin}/moved` });
		await isOpen(page);
		await sendMany(gateway, 40, 10);
		await got(page, range(40));

		expect([page.resets, page.ends]).toEqual([[], []]);
	});

	it("ends when it is not allowed to stream", async () => {
		const gateway = await startGateway({ sse: { ...QUICK, authorize: () => false } });
		const { page } = open(gateway);
		await eventually(() => expect(page.ends).toEqual([["forbidden", undefined]]));
	});

	// EventSource does not tell the status, and the gateway's HEAD answered 200: the client came back for ever.
	it("ends when the gateway wants it no longer", async () => {
		const gateway = await startGateway({ sse: { ...QUICK, limits: { streamsPerSession: 1 } } });
		const url = gateway.url(NEWS);
		const headers = { cookie: "sid=alice" };
		await openStream(url, { headers });
		const statuses = new Set<number | undefined>();
		while (!statuses.has(204)) statuses.add((await request(url, { headers })).status);
		const { page, browser } = open(gateway);
		await eventually(() => expect(page.ends).toEqual([["stopped", undefined]]));

		expect(page.connection.state).toBe("closed");
		expect(browser.requests.length).toBe(transport === "fetch" ? 1 : 2);
	});

	it("ends when the browser's session is another one, and passes on nothing of that", async () => {
		const gateway = await startGateway({ sse: QUICK });
		const { page, browser } = open(gateway);
		await isOpen(page);
		browser.session = "bob";
		await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
		await eventually(() => expect(page.ends).toEqual([["session", "revoked"]]), {
			timeout: 15_000
		});
		await gateway.send({ eventName: NEWS, sessionId: "bob", payload: "for bob" });
		await eventually(() => expect(gateway.held.streams).toBe(0));

		expect(page.events).toEqual([]);
	});

	it("reports what handlers throw, and calls the others", async () => {
		const gateway = await startGateway();
		const { page, tab } = open(gateway);
		const error = new Error("a bug of the page");
		page.connection.on(NEWS, () => {
			throw error;
		});
		page.listen(NEWS);
		await isOpen(page);
		await send(gateway, 1);
		await send(gateway, 2);
		await got(page, [1, 1, 2, 2]);

		expect(tab.reported).toEqual([error, error]);
	});

	it("closes when its page is hidden for long, and has missed nothing when it is shown", async () => {
		const gateway = await startGateway();
		const { page, tab } = open(gateway, { hiddenFor: 50 });
		await isOpen(page);
		tab.show(false);
		await eventually(() => expect(gateway.held.streams).toBe(0));
		expect(page.connection.state).toBe("closed");
		await send(gateway, 1);
		tab.show(true);
		await got(page, [1]);

		expect(page.resets).toEqual([]);
		expect(page.starts).toBe(1);
	});

	it("closes before its page is frozen or kept by the browser, and continues when it is back", async () => {
		const gateway = await startGateway();
		const { page, tab } = open(gateway);
		await isOpen(page);
		for (const [away, back] of [
			["freeze", "resume"],
			["pagehide", "pageshow"]
		] as const) {
			tab.fire(away);
			await eventually(() => expect(gateway.held.streams).toBe(0));
			await send(gateway, away);
			tab.fire(back, { persisted: true });
			await isOpen(page);
		}
		await got(page, ["freeze", "pagehide"]);

		expect(page.resets).toEqual([]);
	});

	describe("with credentials of its own", () => {
		/** A gateway that knows alice by her token, and issues her tickets. */
		async function start(sse: GatewaySetup["sse"] = {}) {
			const hooks = { isValid: true, asked: 0 };
			const gateway = await startGateway({
				sse: {
					...QUICK,
					path: null,
					session: ctx => ctx.meta.user,
					ticket: { secret: TICKET_SECRET },
					...sse
				},
				settings: {
					routes: [
						{
							path: "/live",
							authentication: true,
							aliases: { "GET /events": { type: "sse" } }
						},
						TICKET_ROUTE
					]
				},
				schema: authenticating(isAlice => {
					if (isAlice !== undefined) hooks.asked++;
					return hooks.isValid && isAlice === true;
				})
			});
			const url = `${gateway.origin}/live/events`;
			const ticket = async (names: string[]) => {
				const response = await fetch(`${gateway.origin}/api/stream-ticket`, {
					method: "POST",
					headers: { "Content-Type": "application/json", Authorization: "Bearer alice" },
					body: JSON.stringify({ eventName: names })
				});
				if (!response.ok) throw Object.assign(new Error("no ticket"), { status: response.status });
				return (await response.json()) as { ticket: string };
			};
			return { gateway, url, ticket, hooks };
		}

		it("asks for a ticket for each stream, misses nothing, and ends with the session", async () => {
			const { gateway, url, ticket, hooks } = await start({ timeout: 200 });
			const { page } = open(gateway, { url, ticket });
			await isOpen(page);
			await sendMany(gateway, 30, 20);
			await got(page, range(30));
			expect(page.resets).toEqual([]);
			hooks.isValid = false;
			await eventually(() => expect(page.ends).toEqual([["unauthorized", "timeout"]]), {
				timeout: 15_000
			});
		});

		it("asks once more for a ticket that was refused", async () => {
			const { gateway, url, ticket } = await start();
			let asked = 0;
			const { page } = open(gateway, {
				url,
				ticket: names => (asked++ === 0 ? "an old one" : ticket(names))
			});
			await isOpen(page);
			expect(asked).toBe(2);
			const { page: other } = open(gateway, { url, ticket: () => "an old one" });
			await eventually(() => expect(other.ends).toEqual([["unauthorized", undefined]]));

			expect(page.ends).toEqual([]);
		});

		it("sends headers, new ones for each stream, and once more if they were refused", async () => {
			const { gateway, url, hooks } = await start({ timeout: 200 });
			let made = 0;
			const headers = () => ({ Authorization: made++ === 0 ? "Bearer old" : "Bearer alice" });
			const { page } = open(gateway, { url, headers });
			await isOpen(page);
			await sendMany(gateway, 20, 20);
			await got(page, range(20));
			expect(made).toBeGreaterThan(2);
			hooks.isValid = false;
			await eventually(() => expect(page.ends).toEqual([["unauthorized", "timeout"]]), {
				timeout: 15_000
			});

			expect(page.resets).toEqual([]);
		});
	});
});
