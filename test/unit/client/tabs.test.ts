import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { SseConnection } from "../../../client/connect.ts";
import type { Page } from "../../support/clients/browser-scope.ts";
import { FakeBrowser, type FakeTab } from "../../support/clients/fake-browser.ts";
import { useFakeTimers } from "../../support/fake-timers.ts";

beforeEach(() => useFakeTimers());
afterEach(() => {
	jest.clearAllTimers();
	jest.useRealTimers();
});

const NEWS = "news";
const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

interface Opened {
	readonly tab: FakeTab;
	readonly page: Page;
}

/** Opens a tab that listens to these names, and waits until that has settled. */
async function open(browser: FakeBrowser, names = [NEWS], options = {}): Promise<Opened> {
	const tab = browser.tab();
	const page = tab.open(names, options);
	await pass(300);
	return { tab, page };
}

async function openTabs(browser: FakeBrowser, count: number, ...args: [string[]?, object?]) {
	const tabs: Opened[] = [];
	for (let n = 0; n < count; n++) tabs.push(await open(browser, ...args));
	return tabs as [Opened, Opened, ...Opened[]];
}

const eventsOf = (tabs: readonly Opened[]) => tabs.map(({ page }) => page.events);
const statesOf = (tabs: readonly Opened[]) => tabs.map(({ page }) => page.connection.state);

/** What tabs get of two events: one that is sent just after their streams have ended, and one so many milliseconds later. */
async function overAnEnd(browser: FakeBrowser, tabs: readonly Opened[], milliseconds: number) {
	browser.gateway.end();
	browser.gateway.send(NEWS, 1);
	await pass(milliseconds);
	browser.gateway.send(NEWS, 2);
	await pass(100);
	return eventsOf(tabs);
}

/** A gateway that sends heartbeats, and a page listening to a first event. */
function beating(heartbeat: number): FakeBrowser {
	const browser = new FakeBrowser();
	browser.gateway.open = () => ({ session: "S", heartbeat });
	browser.gateway.send(NEWS, 0);
	setInterval(() => browser.gateway.heartbeat(), heartbeat * 0.8);
	return browser;
}

describe("a leader that is silent", () => {
	// Whatever a follower heard counted as a sign of its leader, other followers' questions too: with two, nobody replaced it.
	it.each([1500, 15_000])("is replaced by one of several followers (heartbeat %s)", async beat => {
		const browser = beating(beat);
		const [leader, ...followers] = await openTabs(browser, 4);
		browser.gateway.send(NEWS, 1);
		await pass(100);
		leader.tab.isMute = true;
		browser.gateway.send(NEWS, 2);
		await pass(2 * beat + 15_000);
		browser.gateway.send(NEWS, 3);
		await pass(100);

		for (const { page } of followers) {
			expect(page.events).toEqual([1, 2, 3].slice(3 - page.events.length));
			expect(page.events.slice(-2)).toEqual([2, 3]);
			expect(page.resets).toEqual([]);
		}
	});

	it("follows when it is heard again", async () => {
		const browser = beating(1500);
		const [leader, ...followers] = await openTabs(browser, 3);
		leader.tab.isMute = true;
		await pass(20_000);
		leader.tab.isMute = false;
		browser.gateway.send(NEWS, 1);
		await pass(5000);

		expect(eventsOf([leader, ...followers])).toEqual([[1], [1], [1]]);
		expect(browser.gateway.streams.size).toBe(1);
	});
});

describe("a tab that the browser does not let share", () => {
	const denied = () => new DOMException("denied", "SecurityError");

	// Locks are denied in a sandboxed frame, and in a document that is not active: the page never began.
	it.each(["lockError", "channelError"] as const)("has its own stream (%s)", async error => {
		const browser = new FakeBrowser();
		const tab = browser.tab();
		tab[error] = denied();
		const page = tab.open();
		await pass(100);
		browser.gateway.send(NEWS, 1);
		await pass(5000);

		expect(page.events).toEqual([1]);
		expect(page.starts).toBe(1);
		expect(browser.gateway.requests).toHaveLength(1);
	});

	it("has its own stream if its request for a lock is never answered", async () => {
		const browser = new FakeBrowser();
		const tab = browser.tab();
		tab.lockDelay = 1e9;
		const page = tab.open();
		await pass(2100);
		browser.gateway.send(NEWS, 1);
		await pass(100);

		expect(page.events).toEqual([1]);
		expect(page.starts).toBe(1);
	});

	it("opens its own stream if it is denied the lead when that is free", async () => {
		const browser = beating(1500);
		const [leader, follower] = await openTabs(browser, 2);
		follower.tab.lockError = denied();
		leader.tab.isMute = true;
		browser.gateway.send(NEWS, 1);
		await pass(20_000);

		expect(follower.page.events).toEqual([1]);
	});
});

describe("a tab that follows", () => {
	// It followed what was meant for another tab before it had said that it was there: nothing was passed on to it.
	it("gets every event, though it is told late that another tab leads", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const [leader, other] = await openTabs(browser, 2);
		const late = browser.tab();
		late.lockDelay = 50;
		const page = late.open();
		await pass(20);
		const off = other.page.listen("more");
		await pass(200);
		off();
		other.page.connection.close();
		await pass(200);
		browser.gateway.send(NEWS, 1);
		browser.gateway.send(NEWS, 2);
		await pass(500);

		expect(leader.page.events).toEqual([1, 2]);
		expect(page.events).toEqual([1, 2]);
		expect(browser.gateway.streams.size).toBe(1);
	});

	it("gets every event, though it has asked before the other one was told that it leads", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const first = browser.tab();
		first.lockDelay = 500;
		const pages = [first.open()];
		await pass(20);
		pages.push(browser.tab().open());
		await pass(600);
		browser.gateway.send(NEWS, 1);
		await pass(100);

		for (const { events } of pages) expect(events).toEqual([1]);
		expect(browser.gateway.streams.size).toBe(1);
	});

	it("passes on a text as it came, of an event that only the leader's stream had", async () => {
		const browser = new FakeBrowser();
		browser.gateway.open = ({ names }) => ({
			session: "S",
			texts: names.filter(name => name === "row")
		});
		const leader = await open(browser, ["row", NEWS]);
		const follower = await open(browser);
		follower.page.listen("row");
		await pass(500);
		for (const text of ["7", "null"]) browser.gateway.send("row", JSON.parse(text));
		await pass(100);

		expect(eventsOf([leader, follower])).toEqual([
			["7", "null"],
			["7", "null"]
		]);
	});

	// The leader passed on events only while it knew of somebody who followed, and took who did not answer in time for gone: where
	// events have no ids, nobody noticed what was not passed on.
	it.each([true, false])(
		"gets every event, though it was too busy to answer its leader (ids: %s)",
		async hasHistory => {
			const browser = new FakeBrowser();
			browser.gateway.hasHistory = hasHistory;
			browser.gateway.send(NEWS, 0);
			const [leader, follower] = await openTabs(browser, 2);
			await pass(60_000);
			follower.tab.messageDelay = 5000;
			for (let n = 1; n <= 10; n++) {
				browser.gateway.send(NEWS, n);
				await pass(1000);
			}
			follower.tab.messageDelay = 1;
			await pass(20_000);

			expect(follower.page.events).toEqual(leader.page.events);
			expect(follower.page.events).toHaveLength(10);
			expect(follower.page.resets).toEqual([]);
		}
	);

	// It said goodbye, and was back a moment later: the leader opened a stream without its names, and another one with them. If both
	// took as long as its own, each was there when it was too late, and it began again: hundreds of streams a second.
	it("and wants another name has its leader open one stream more", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const [, { page }] = [await open(browser), await open(browser, [NEWS, "own"])];
		await pass(1000);
		const { length } = browser.gateway.requests;
		page.listen("more");
		await pass(20_000);

		expect(browser.gateway.requests.slice(length).map(({ names }) => names.join())).toEqual([
			"more,news,own",
			"more,news,own"
		]);
		expect(browser.gateway.streams.size).toBe(1);
	});

	it("is forgotten with its names when it has gone without a word", async () => {
		const browser = new FakeBrowser();
		await open(browser);
		const { tab, page } = await open(browser, [NEWS, "own"]);
		expect(browser.gateway.names).toEqual(["news,own"]);
		tab.kill(page);
		await pass(70_000);

		expect(browser.gateway.names).toEqual([NEWS]);
	});

	it("stays, and is not asked to begin again, when it answers", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 3, [NEWS]);
		const { length } = browser.gateway.requests;
		await pass(300_000);
		browser.gateway.send(NEWS, 1);
		await pass(100);

		expect(browser.gateway.requests).toHaveLength(length);
		expect(eventsOf(tabs)).toEqual([[1], [1], [1]]);
	});
});

describe("names that the gateway refuses", () => {
	const withBad = (names: readonly string[]) => names.includes("bad");

	// One tab's name was in the stream of all: with 403 all ended, with 400 none got anything any more.
	it.each([
		[400, [1, 2], ["open", "connecting"], []],
		[403, [1, 2], ["open", "closed"], [["forbidden", undefined]]]
	])("%s: those of a follower are its own matter", async (status, events, states, ends) => {
		const { browser, tabs } = await withTwo(status);
		const [first, second] = tabs;
		second.page.listen("bad");
		await pass(300);
		browser.gateway.send(NEWS, 2);
		await pass(20_000);

		expect(first.page.events).toEqual(events);
		expect(statesOf(tabs)).toEqual(states);
		expect(first.page.ends).toEqual([]);
		expect(second.page.ends).toEqual(ends);
	});

	it.each([
		[400, "connecting"],
		[403, "closed"]
	])("%s: those of a leader are its own matter", async (status, state) => {
		const { browser, tabs } = await withTwo(status);
		const [first, second] = tabs;
		first.page.listen("bad");
		await pass(1000);
		browser.gateway.send(NEWS, 2);
		await pass(20_000);

		expect(second.page.events).toEqual([1, 2]);
		expect(statesOf(tabs)).toEqual([state, "open"]);
	});

	it("end only who wants them, if they were allowed before", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const first = await open(browser);
		const second = await open(browser, [NEWS, "bad"]);
		expect(browser.gateway.names).toEqual(["bad,news"]);
		browser.gateway.answer = ({ names }) => (withBad(names) ? 403 : 200);
		browser.gateway.end();
		await pass(20_000);
		browser.gateway.send(NEWS, 1);
		await pass(100);

		expect(first.page.events).toEqual([1]);
		expect(first.page.ends).toEqual([]);
		expect(second.page.ends).toEqual([["forbidden", undefined]]);
	});

	it("leave those alone who have too many together, and nobody asks for them again", async () => {
		const browser = new FakeBrowser();
		browser.gateway.answer = ({ names }) => (names.length > 100 ? 400 : 200);
		browser.gateway.send("of-0-0", 0);
		const tabs: Opened[] = [];
		for (let n = 0; n < 6; n++) {
			tabs.push(
				await open(
					browser,
					Array.from({ length: 20 }, (_, k) => `of-${n}-${k}`)
				)
			);
		}
		await pass(20_000);
		const { length } = browser.gateway.requests;
		await pass(100_000);
		for (let n = 0; n < 6; n++) browser.gateway.send(`of-${n}-0`, n);
		await pass(100);

		expect(statesOf(tabs)).toEqual(tabs.map(() => "open"));
		expect(eventsOf(tabs)).toEqual(tabs.map((_, n) => [n]));
		for (const { page } of tabs) expect(page.resets).toEqual([]);
		expect(browser.gateway.streams.size).toBe(2);
		expect(browser.gateway.requests).toHaveLength(length);
	});

	async function withTwo(status: number) {
		const browser = new FakeBrowser();
		browser.gateway.answer = ({ names }) => (withBad(names) ? status : 200);
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 2);
		browser.gateway.send(NEWS, 1);
		await pass(100);
		return { browser, tabs };
	}
});

describe("credentials that are refused", () => {
	const asked = { headers: () => ({}) };

	// The first tab whose token had expired ended all others, whose tokens were good.
	it("end nobody while another tab has good ones", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 3, [NEWS], asked);
		const good = tabs[2] as Opened;
		browser.gateway.answer = ({ tab }) => (tab === good.tab ? 200 : 401);
		expect(await overAnEnd(browser, tabs, 10_000)).toEqual([
			[1, 2],
			[1, 2],
			[1, 2]
		]);
		for (const { page } of tabs) expect(page.ends).toEqual([]);
		expect(browser.gateway.streams.size).toBe(1);
	});

	it("end all when each has been refused", async () => {
		const browser = new FakeBrowser();
		const tabs = await openTabs(browser, 3, [NEWS], asked);
		browser.gateway.answer = () => 401;
		browser.gateway.end();
		await pass(10_000);
		const { length } = browser.gateway.requests;
		await pass(100_000);

		for (const { page } of tabs) expect(page.ends).toEqual([["unauthorized", undefined]]);
		expect(browser.gateway.requests).toHaveLength(length);
		// and nobody has kept the lock
		browser.gateway.answer = () => 200;
		await openTabs(browser, 2, [NEWS], asked);
		expect(browser.gateway.streams.size).toBe(1);
	});

	// Tabs whose tokens had expired ended one that had just opened with a good one, and waited for its turn to lead.
	it("end nobody who has just opened with good ones", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 2, [NEWS], asked);
		browser.gateway.answer = ({ tab }) => (tabs.some(old => old.tab === tab) ? 401 : 200);
		browser.gateway.end();
		await pass(50);
		const { page } = await open(browser, [NEWS], asked);
		await pass(10_000);
		browser.gateway.send(NEWS, 1);
		await pass(100);

		for (const old of tabs) expect(old.page.ends).toEqual([["unauthorized", undefined]]);
		expect(page.ends).toEqual([]);
		expect(page.events).toEqual([1]);
	});

	// The lock was kept by whoever closed in the turn in which it was granted: no other page of the browser could ever lead.
	it("leave the lead to others when a page closes while it begins", async () => {
		const browser = new FakeBrowser();
		const page = browser.tab().open();
		page.connection.onStart(() => page.connection.close());
		await pass(100);
		await openTabs(browser, 2);

		expect(browser.gateway.streams.size).toBe(1);
	});

	it("of another user end only the tab that has them", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 3, [NEWS], asked);
		const [first, ...others] = tabs;
		browser.gateway.open = ({ tab }) => ({ session: tab === first.tab ? "other" : "S" });
		browser.gateway.end();
		browser.gateway.send(NEWS, 1);
		await pass(10_000);

		expect(first.page.ends).toEqual([["session", undefined]]);
		expect(first.page.events).toEqual([]);
		expect(eventsOf(others)).toEqual([[1], [1]]);
	});

	it("of a cookie are those of all tabs: one asks for all", async () => {
		const browser = new FakeBrowser();
		const tabs = await openTabs(browser, 3);
		const { length } = browser.gateway.requests;
		browser.gateway.answer = () => 401;
		browser.gateway.end();
		await pass(10_000);

		for (const { page } of tabs) expect(page.ends).toEqual([["unauthorized", undefined]]);
		expect(browser.gateway.requests).toHaveLength(length + 2);
	});
});

describe("a ticket, or headers, that a tab does not get", () => {
	/** What a tab asks its application for: it comes, fails, or never comes. */
	type Comes = "comes" | "fails" | "never";
	const WHATS = ["ticket", "headers"] as const;

	/** Tabs whose application gives, or does not give, what they need. */
	async function openAsking(what: (typeof WHATS)[number], count: number) {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const asking: { comes: Comes; asked: number }[] = [];
		const tabs: Opened[] = [];
		for (let n = 0; n < count; n++) {
			const own = { comes: "comes" as Comes, asked: 0 };
			asking.push(own);
			const give = async () => {
				own.asked++;
				if (own.comes === "fails") throw new Error(`no ${what}`);
				if (own.comes === "never") await new Promise(() => {});
				return what === "ticket" ? "a ticket" : {};
			};
			tabs.push(await open(browser, [NEWS], { [what]: give }));
		}
		return { browser, tabs, asking };
	}

	// A leader asked for it for ever, and the others waited, who would have got it.
	it.each(WHATS.flatMap(what => (["fails", "never"] as const).map(comes => ({ what, comes }))))(
		"keeps nobody waiting who gets it ($what: $comes)",
		async ({ what, comes }) => {
			const { browser, tabs, asking } = await openAsking(what, 4);
			for (const own of asking.slice(0, 3)) own.comes = comes;
			expect(await overAnEnd(browser, tabs, 60_000)).toEqual(tabs.map(() => [1, 2]));

			for (const { page } of tabs) expect([page.resets, page.ends]).toEqual([[], []]);
			expect(statesOf(tabs)).toEqual(tabs.map(() => "open"));
			expect(browser.gateway.streams.size).toBe(1);
		}
	);

	it.each(WHATS)("is another tab's to get, within seconds (%s)", async what => {
		const { browser, tabs, asking } = await openAsking(what, 2);
		const [first] = asking as [{ comes: Comes; asked: number }];
		first.comes = "fails";
		first.asked = 0;
		await overAnEnd(browser, tabs, 5000);

		expect(statesOf(tabs)).toEqual(["open", "open"]);
		// losing the stream was its first failure
		expect(first.asked).toBe(1);
	});

	it.each([1, 4])("is asked for in turn, by none of %s often, until it comes", async count => {
		const { browser, tabs, asking } = await openAsking("ticket", count);
		for (const own of asking) Object.assign(own, { comes: "fails", asked: 0 });
		const posted = () => tabs.reduce((sum, { tab }) => sum + tab.posted.length, 0);
		browser.gateway.end();
		browser.gateway.send(NEWS, 1);
		const before = posted();
		await pass(600_000);
		for (const { asked } of asking) {
			expect(asked).toBeGreaterThan(1);
			expect(asked).toBeLessThan(80);
		}
		expect(posted() - before).toBeLessThan(1500);
		expect(statesOf(tabs)).toEqual(tabs.map(() => "connecting"));
		for (const own of asking) own.comes = "comes";
		await pass(60_000);

		expect(eventsOf(tabs)).toEqual(tabs.map(() => [1]));
		for (const { page } of tabs) expect([page.resets, page.ends]).toEqual([[], []]);
		expect(browser.gateway.streams.size).toBe(1);
	});
});

describe("the session of a stream that comes back", () => {
	// What was sent to a group after its user had joined it, and before the stream came back, may be behind the page's place.
	it("is the same though its groups are others: all load their state, go on, and share again", async () => {
		const browser = new FakeBrowser();
		browser.gateway.open = () => ({ session: "S", groups: "one" });
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 3);
		browser.gateway.open = () => ({ session: "S", groups: "two" });
		expect(await overAnEnd(browser, tabs, 20_000)).toEqual([
			[1, 2],
			[1, 2],
			[1, 2]
		]);
		for (const { page } of tabs) expect([page.ends, page.resets]).toEqual([[], ["lost"]]);
		expect(browser.gateway.streams.size).toBe(1);
	});

	it("is not shared with a tab whose groups are others", async () => {
		const browser = new FakeBrowser();
		browser.gateway.open = () => ({ session: "S", groups: "one" });
		await open(browser);
		browser.gateway.open = () => ({ session: "S", groups: "two" });
		await open(browser);

		expect(browser.gateway.streams.size).toBe(2);
	});

	it("may be kept from it by a gateway: each tab has its own stream meanwhile", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		const tabs = await openTabs(browser, 3);
		browser.gateway.open = () => ({});
		browser.gateway.end();
		await pass(10_000);
		browser.gateway.send(NEWS, 1);
		await pass(100);
		expect(eventsOf(tabs)).toEqual([[1], [1], [1]]);
		expect(browser.gateway.streams.size).toBe(3);
		browser.gateway.open = () => ({ session: "S" });
		browser.gateway.end();
		await pass(20_000);

		for (const { page } of tabs) expect([page.ends, page.resets]).toEqual([[], []]);
		expect(browser.gateway.streams.size).toBe(1);
	});

	it("ends the page if it is another, whatever gateway came between", async () => {
		const browser = new FakeBrowser();
		const { page } = await open(browser);
		for (const open of [{}, { session: "other" }]) {
			browser.gateway.open = () => open;
			browser.gateway.end();
			await pass(1000);
		}

		expect(page.ends).toEqual([["session", undefined]]);
	});

	// Two tabs of a first visit got a cookie each, and the browser kept one of them.
	it("may be another one if it was issued with the stream before: the page loads its state", async () => {
		const browser = new FakeBrowser();
		browser.gateway.send(NEWS, 0);
		browser.gateway.open = () => ({ session: "first", issued: true });
		const first = await open(browser);
		browser.gateway.open = () => ({ session: "second", issued: true });
		const second = await open(browser);
		browser.gateway.open = () => ({ session: "second" });
		browser.gateway.end();
		await pass(20_000);
		browser.gateway.send(NEWS, 1);
		await pass(100);

		expect(first.page.resets).toEqual(["lost"]);
		expect(second.page.resets).toEqual([]);
		expect(eventsOf([first, second])).toEqual([[1], [1]]);
		expect(browser.gateway.streams.size).toBe(1);
		browser.gateway.open = () => ({ session: "third" });
		browser.gateway.end();
		await pass(1000);
		for (const { page } of [first, second]) expect(page.ends).toEqual([["session", undefined]]);
	});
});

describe("tabs", () => {
	// A tab that was open before a deployment runs the client of before.
	it("have no channel in common with another version of what tabs tell each other", async () => {
		const browser = new FakeBrowser();
		await open(browser);

		for (const { name } of browser.channels) expect(name).toMatch(/^moleculer-sse 3,/);
		expect(browser.channels.size).toBe(1);
	});

	it("share only with those whose credentials are of their kind", async () => {
		const browser = new FakeBrowser();
		await open(browser);
		await open(browser, [NEWS], { headers: {} });

		expect(browser.gateway.streams.size).toBe(2);
	});
});

describe("a page that ends it when it is told something", () => {
	/** Ends it at the first of something that comes while it is armed. */
	const endings: [string, (connection: SseConnection, end: () => void) => void][] = [
		["a state", (connection, end) => connection.onState(end)],
		["the start", (connection, end) => connection.onStart(end)],
		["a reset", (connection, end) => connection.onReset(end)],
		["sse.open", (connection, end) => connection.on("sse.open", end)]
	];

	// It was told in the middle of a change, which went on: a page that was over got a stream, a state, or timers without end.
	it.each(
		endings.flatMap(([what, listen]) =>
			[0, 1].flatMap(others => [0, 300, 1500].map(after => ({ what, listen, others, after })))
		)
	)(
		"has no stream, no group and no state from then on ($what, after $after ms, beside $others)",
		async ({ listen, others, after }) => {
			const browser = new FakeBrowser();
			for (let n = 0; n < others; n++) await open(browser);
			const tab = browser.tab();
			const { connection } = tab.open([NEWS]);
			const states: string[] = [];
			let isOver = false;
			const arm = () =>
				listen(connection, () => {
					connection.close();
					isOver = true;
					connection.onState(state => states.push(state));
				});
			if (after === 0) arm();
			else setTimeout(arm, after);
			await pass(2000);
			// all lose their place
			browser.gateway.open = () => ({ session: "S", resumed: false });
			browser.gateway.end();
			await pass(60_000);
			connection.off(NEWS);
			const posted = tab.posted.length;
			await pass(200_000);

			expect(isOver).toBe(true);
			expect(connection.state).toBe("closed");
			expect(states).toEqual([]);
			expect(tab.posted.slice(posted)).toEqual([]);
			expect(browser.gateway.streams.size).toBe(others);
			if (others === 0) expect(jest.getTimerCount()).toBe(0);
		}
	);
});
