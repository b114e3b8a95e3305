import { expect, it } from "@jest/globals";
import type { ConnectOptions } from "../../client/connect.ts";
import { type BrowserTab, Page, TestBrowser } from "../support/clients/browser-scope.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewaySetup, startGateway, type TestGateway } from "../support/gateway/gateway.ts";

const NEWS = "news";
const PATIENT = { timeout: 15_000 };
const QUICK: GatewaySetup["sse"] = { retry: [20, 40] };

const send = (gateway: TestGateway, payload: unknown, sessionId = "alice") =>
	gateway.send({ eventName: NEWS, sessionId, payload });
const range = (count: number) => Array.from({ length: count }, (_, n) => n);
const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

interface Opened {
	readonly tab: BrowserTab;
	readonly page: Page;
}

function open(
	browser: TestBrowser,
	gateway: TestGateway,
	options: ConnectOptions = {},
	...names: string[]
): Opened {
	const tab = browser.tab();
	const url = `${gateway.origin}/sse/event-stream`;
	return { tab, page: new Page(tab.connect(url, options), NEWS, ...names) };
}

const areOpen = (tabs: readonly Opened[]) =>
	eventually(() => {
		for (const { page } of tabs) expect(page.connection.state).toBe("open");
	}, PATIENT);
const haveStreams = (gateway: TestGateway, count: number) =>
	eventually(() => expect(gateway.held.streams).toBe(count), PATIENT);
const got = (tabs: readonly Opened[], events: unknown[]) =>
	eventually(() => {
		for (const { page } of tabs) expect(page.events).toEqual(events);
	}, PATIENT);

/** Opens tabs one after the other: the first leads. */
async function openTabs(browser: TestBrowser, gateway: TestGateway, count: number) {
	const tabs: Opened[] = [];
	for (const _ of range(count)) {
		tabs.push(open(browser, gateway));
		await areOpen(tabs);
	}
	await haveStreams(gateway, 1);
	return tabs;
}

it("tabs of one session share one stream, and each gets every event once", async () => {
	const gateway = await startGateway();
	const browser = new TestBrowser();
	const tabs = range(20).map(() => open(browser, gateway));
	await areOpen(tabs);
	await haveStreams(gateway, 1);
	for (const n of range(50)) await send(gateway, n);
	await got(tabs, range(50));

	for (const { page } of tabs) {
		expect(page.starts).toBe(1);
		expect(page.resets).toEqual([]);
	}
});

it("tabs do not share if one of them does not want to", async () => {
	const gateway = await startGateway();
	const browser = new TestBrowser();
	const tabs = [open(browser, gateway), open(browser, gateway, { shared: false })];
	await areOpen(tabs);
	await send(gateway, 1);
	await got(tabs, [1]);

	expect(gateway.held.streams).toBe(2);
});

it("a leading tab that closes, or is killed, is replaced, and nobody misses anything", async () => {
	const gateway = await startGateway();
	const browser = new TestBrowser();
	let tabs = await openTabs(browser, gateway, 4);
	let sent = 0;
	const counts = new Map(tabs.map(({ page }) => [page, 0]));
	for (const leave of ["close", "kill", "pagehide", "kill"] as const) {
		const [leader, ...others] = tabs as [Opened, ...Opened[]];
		const sending = (async () => {
			for (const _ of range(20)) {
				await send(gateway, sent++);
				await pause(5);
			}
		})();
		await pause(30);
		if (leave === "close") leader.page.connection.close();
		if (leave === "kill") leader.tab.kill();
		if (leave === "pagehide") leader.tab.fire("pagehide");
		await sending;
		await eventually(() => {
			for (const { page } of others) {
				expect(page.events).toEqual(range(sent).slice(sent - page.events.length));
				expect(page.events.at(-1)).toBe(sent - 1);
				expect(page.events.length).toBe(sent - (counts.get(page) ?? 0));
			}
		}, PATIENT);
		await haveStreams(gateway, 1);
		const added = open(browser, gateway);
		counts.set(added.page, sent);
		// followers are asked in the order in which they came
		tabs = [...others, added];
		await areOpen(tabs);
	}
	for (const { page } of tabs) expect(page.resets).toEqual([]);
});

it("a tab that was frozen continues where it was, and none of the others is told anything", async () => {
	const gateway = await startGateway();
	const browser = new TestBrowser();
	const tabs = await openTabs(browser, gateway, 3);
	await send(gateway, 0);
	await got(tabs, [0]);
	for (const [frozen, event] of [
		[tabs[2], "freeze"],
		[tabs[0], "freeze"],
		[tabs[1], "pagehide"]
	] as const) {
		const before = (tabs[0] as Opened).page.events.length;
		frozen?.tab.fire(event);
		for (const n of range(10)) await send(gateway, before + n);
		await got(
			tabs.filter(tab => tab !== frozen),
			range(before + 10)
		);
		frozen?.tab.fire(event === "freeze" ? "resume" : "pageshow", { persisted: true });
		await got(tabs, range(before + 10));
		await areOpen(tabs);
		await haveStreams(gateway, 1);
	}
	for (const { page } of tabs) {
		expect(page.resets).toEqual([]);
		expect(page.starts).toBe(1);
	}
});

it("a new leader begins where the tab was that is furthest behind, and the others get nothing twice", async () => {
	const gateway = await startGateway();
	const browser = new TestBrowser();
	const tabs = await openTabs(browser, gateway, 3);
	await send(gateway, 0);
	await got(tabs, [0]);
	const [leader, next, behind] = tabs as [Opened, Opened, Opened];
	behind.tab.deafen(true);
	for (const n of [1, 2, 3]) await send(gateway, n);
	await got([leader, next], range(4));
	behind.tab.deafen(false);
	const before = browser.requests.length;
	leader.tab.kill();
	await got([next, behind], range(4));
	await send(gateway, 4);
	await got([next, behind], range(5));

	// it has no stream of its own for that
	expect(browser.requests.length).toBe(before + 1);
	expect(browser.requests.at(-1)).toContain("lastEventId=");
	for (const { page } of [next, behind]) expect(page.resets).toEqual([]);
});

it("the stream has the names of all tabs, and each tab gets its own", async () => {
	const gateway = await startGateway();
	const browser = new TestBrowser();
	const [first, second] = [open(browser, gateway), open(browser, gateway, {}, "other")];
	await areOpen([first, second]);
	await haveStreams(gateway, 1);
	await eventually(() => expect(gateway.held.eventNames).toBe(2));
	await gateway.send({ eventName: "other", sessionId: "alice", payload: "for one" });
	await send(gateway, "for both");
	await got([first], ["for both"]);
	await got([second], ["for one", "for both"]);
	second.page.connection.close();
	await eventually(() => expect(gateway.held.eventNames).toBe(1));
	await areOpen([first]);

	expect(first.page.resets).toEqual([]);
});

it("a reset applies to all", async () => {
	const gateway = await startGateway({ sse: QUICK });
	const browser = new TestBrowser();
	const tabs = await openTabs(browser, gateway, 3);
	await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
	await eventually(() => {
		for (const { page } of tabs) expect(page.resets).toEqual(["revoked"]);
	}, PATIENT);
	await send(gateway, 1);
	await got(tabs, [1]);

	for (const { page } of tabs) expect(page.resets).toEqual(["revoked"]);
});

it("the end of the session is the end of all tabs, and none comes back", async () => {
	let isValid = true;
	const session = () => (isValid ? "alice" : null);
	const gateway = await startGateway({ sse: { ...QUICK, session } });
	const browser = new TestBrowser();
	const tabs = await openTabs(browser, gateway, 3);
	isValid = false;
	const asked = browser.requests.length;
	await gateway.broker.broadcast("sse.close", { sessionId: "alice", reason: "logged out" });
	await eventually(() => {
		for (const { page } of tabs) expect(page.ends).toEqual([["unauthorized", "logged out"]]);
	}, PATIENT);
	for (const { tab } of tabs) tab.fire("online");
	await pause(200);

	// one tab has asked for all: for a stream, and why there is none
	expect(browser.requests.length).toBe(asked + 2);
	expect(gateway.held.streams).toBe(0);
});

it("two users of one browser never get each other's events", async () => {
	const gateway = await startGateway({ sse: QUICK });
	const browser = new TestBrowser("alice");
	const alices = await openTabs(browser, gateway, 2);
	// she stays logged in here, and somebody else comes
	browser.session = "bob";
	const bobs = [open(browser, gateway), open(browser, gateway)];
	await areOpen(bobs);
	await haveStreams(gateway, 2);
	await send(gateway, "for alice", "alice");
	await send(gateway, "for bob", "bob");
	await got(alices, ["for alice"]);
	await got(bobs, ["for bob"]);

	// her stream comes back with his cookie
	await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
	await eventually(() => {
		for (const { page } of alices) expect(page.ends).toEqual([["session", "revoked"]]);
	}, PATIENT);
	await send(gateway, "also for bob", "bob");
	await got(bobs, ["for bob", "also for bob"]);
	await got(alices, ["for alice"]);
});

// Each page of a first visit got a cookie with its stream, and all but one of them ended with that stream: the user was another.
it("pages of a first visit, each with a cookie of its own, go on with the one that the browser has kept", async () => {
	const gateway = await startGateway({ sse: { ...QUICK, timeout: 1000 } });
	const browser = new TestBrowser("");
	const tabs = range(3).map(() => open(browser, gateway));
	await areOpen(tabs);
	expect(browser.requests.length).toBe(3);
	await haveStreams(gateway, 1);
	await areOpen(tabs);
	await send(gateway, 1, browser.session);
	await got(tabs, [1]);

	for (const { page } of tabs) expect(page.ends).toEqual([]);
	const resets = tabs.map(({ page }) => page.resets).filter(({ length }) => length > 0);
	expect(resets).toEqual([["lost"], ["lost"]]);
});

// A stream was another session's as soon as one of its ids was, or they came in another order: its user's pages ended.
it("pages go on when their user's groups have changed, and get the events of those that there are now", async () => {
	let groups = ["group:a", "group:b"];
	const session = () => ["alice", ...groups];
	const gateway = await startGateway({ sse: { ...QUICK, session } });
	const browser = new TestBrowser();
	const tabs = await openTabs(browser, gateway, 3);
	for (const now of [["group:b", "group:a"], ["group:b", "group:c"], []]) {
		groups = now;
		const { length } = browser.requests;
		await gateway.broker.broadcast("sse.close", { sessionId: "alice" });
		for (const { page } of tabs) page.events.length = 0;
		await eventually(async () => {
			for (const { page } of tabs) expect(page.connection.state).toBe("open");
			expect(browser.requests.length).toBeGreaterThan(length);
			expect(gateway.held.streams).toBe(1);
			expect(gateway.held.sessions).toBe(1 + now.length);
		}, PATIENT);
		for (const id of ["alice", ...now]) await send(gateway, id, id);
		await got(tabs, ["alice", ...now]);
	}

	for (const { page } of tabs) expect(page.ends).toEqual([]);
});

// All names of all tabs were in one request: past the gateway's limit, no tab had a stream any more.
it("tabs whose names are too many together for the gateway have streams of their own, and miss nothing", async () => {
	const gateway = await startGateway({ sse: { ...QUICK, limits: { eventNamesPerStream: 5 } } });
	const browser = new TestBrowser();
	const tabs: Opened[] = [];
	for (const tab of ["a", "b", "c"]) {
		tabs.push(open(browser, gateway, {}, `${tab}-1`, `${tab}-2`));
		await areOpen(tabs);
	}
	await haveStreams(gateway, 2);
	await areOpen(tabs);
	for (const n of range(10)) await send(gateway, n);
	await got(tabs, range(10));

	for (const { page } of tabs) expect(page.resets).toEqual([]);
});

it("a leader that does not answer is replaced, and follows when it is back", async () => {
	const gateway = await startGateway({ sse: { ...QUICK, heartbeat: 200 } });
	const browser = new TestBrowser();
	const tabs = await openTabs(browser, gateway, 2);
	await send(gateway, 0);
	await got(tabs, [0]);
	const [leader, follower] = tabs as [Opened, Opened];
	leader.tab.mute(true);
	await send(gateway, 1);
	await got([follower], [0, 1]);
	leader.tab.mute(false);
	await send(gateway, 2);
	await got(tabs, [0, 1, 2]);
	await haveStreams(gateway, 1);

	for (const { page } of tabs) expect(page.resets).toEqual([]);
}, 60_000);
