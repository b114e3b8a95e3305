import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { Page } from "../../support/clients/browser-scope.ts";
import { FakeBrowser, type FakeTab } from "../../support/clients/fake-browser.ts";
import { useFakeTimers } from "../../support/fake-timers.ts";

beforeEach(() => useFakeTimers());
afterEach(() => {
	jest.clearAllTimers();
	jest.useRealTimers();
	jest.restoreAllMocks();
});

/** Random courses: so many, each the same for its number. `SEED=17 COURSES=1 npm test -- unit/client/courses` plays one again. */
const COURSES = Number(process.env.COURSES ?? 20);
const FIRST = Number(process.env.SEED ?? 1);
const STEPS = 40;
const HEARTBEAT = 3000;
const NAMES = ["news", "a", "b", "bad"];
const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

interface Opened {
	readonly tab: FakeTab;
	readonly page: Page;
	readonly names: Map<string, () => void>;
	/** Whether what its application is asked for comes. */
	readonly own: { comes: "comes" | "fails" | "never" };
	/** How much had been sent when it was told last to load its state. */
	loaded: number;
}

/** A generator of numbers from 0 to 1, the same for each seed. */
function randomFrom(seed: number): () => number {
	let state = seed * 2_654_435_761;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
}

it.each(Array.from({ length: COURSES }, (_, n) => FIRST + n))(
	"whatever tabs and gateways do, each tab gets every event once, by one stream: course %s",
	async seed => {
		const random = randomFrom(seed);
		jest.spyOn(Math, "random").mockImplementation(random);
		const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
		const browser = new FakeBrowser();
		const { gateway } = browser;
		gateway.answer = ({ names }) => (names.includes("bad") ? 400 : 200);
		// without one, nobody continues where it was: everybody is told
		gateway.hasHistory = seed % 5 > 0;
		let groups = 0;
		let hasSession = true;
		gateway.open = () => ({
			heartbeat: HEARTBEAT,
			...(hasSession && { session: "S", groups: `${groups}` })
		});
		setInterval(() => gateway.heartbeat(), HEARTBEAT * 0.8);
		let sent = 0;
		const send = () => gateway.send("news", sent++);
		send();
		const sending = setInterval(send, 700);
		const trace: string[] = [];
		let tabs: Opened[] = [];
		// in every third course, tabs ask their application for headers, or in some of them for tickets, which may fail or never come
		const asksFor = [undefined, undefined, "headers", undefined, undefined, "ticket"][seed % 6];
		let asked = 0;
		const open = () => {
			const tab = browser.tab();
			tab.lockDelay = pick([1, 1, 5, 50]);
			const own: Opened["own"] = { comes: "comes" };
			const give = async () => {
				asked++;
				if (own.comes === "fails") throw new Error("it fails");
				if (own.comes === "never") await new Promise(() => {});
				return asksFor === "ticket" ? "ticket" : {};
			};
			const page = tab.open(["news"], asksFor === undefined ? {} : { [asksFor]: give });
			const opened = { tab, page, own, names: new Map(), loaded: -1 };
			const load = () => {
				opened.loaded = sent;
			};
			opened.page.connection.onStart(load);
			opened.page.connection.onReset(load);
			tabs.push(opened);
		};
		const steps: Record<string, () => void> = {
			open: () => void (tabs.length < 6 && open()),
			open2: () => void (tabs.length < 4 && open()),
			close: () => {
				if (tabs.length < 3) return;
				const one = pick(tabs);
				one?.page.connection.close();
				tabs = tabs.filter(tab => tab !== one);
			},
			kill: () => {
				if (tabs.length < 3) return;
				const one = pick(tabs);
				one?.tab.kill(one.page);
				tabs = tabs.filter(tab => tab !== one);
			},
			mute: () => {
				const one = pick(tabs);
				if (!one) return;
				one.tab.isMute = true;
				setTimeout(
					() => {
						one.tab.isMute = false;
					},
					random() * 30_000 * random()
				);
			},
			end: () => gateway.end(),
			names: () => {
				const one = pick(tabs);
				const name = pick(NAMES.slice(1));
				if (!one) return;
				const off = one.names.get(name);
				if (off) off();
				else
					one.names.set(
						name,
						one.page.connection.on(name as never, () => {})
					);
				if (off) one.names.delete(name);
			},
			freeze: () => {
				const one = pick(tabs);
				one?.tab.document.fire("freeze");
				setTimeout(() => one?.tab.document.fire("resume"), random() * 10_000);
			},
			groups: () => {
				groups++;
				gateway.end();
			},
			session: () => {
				hasSession = !hasSession;
				gateway.end();
			},
			credentials: () => {
				const { own } = pick(tabs);
				own.comes = pick(["fails", "never"]);
				setTimeout(() => {
					own.comes = "comes";
				}, random() * 100_000);
			},
			forget: () => gateway.forget(),
			busy: () => {
				const one = pick(tabs);
				if (!one) return;
				one.tab.messageDelay = 5000 * random();
				setTimeout(() => {
					one.tab.messageDelay = 1;
				}, random() * 100_000);
			}
		};
		for (let n = 0; n < 3; n++) open();
		await pass(1000);
		// with one session all along, nobody has to load anything again
		const isOneSession = seed % 2 === 0;
		if (asksFor === undefined) delete steps.credentials;
		if (isOneSession) {
			delete steps.groups;
			delete steps.session;
			delete steps.forget;
		}
		for (let n = 0; n < STEPS; n++) {
			const step = pick(Object.keys(steps));
			trace.push(step);
			steps[step]?.();
			await pass(pick([0, 1, 3, 20, 200, 3000, 20_000]));
		}
		// all is well again
		hasSession = true;
		for (const { tab, names, own } of tabs) {
			tab.isMute = false;
			own.comes = "comes";
			tab.messageDelay = 1;
			names.get("bad")?.();
		}
		gateway.end();
		await pass(120_000);
		gateway.end();
		await pass(60_000);
		if (tabs.length === 0) open();
		await pass(60_000);
		clearInterval(sending);
		send();
		send();
		await pass(1000);
		const told = tabs.map(({ page, loaded }) => {
			const { events, resets, ends, connection } = page;
			const missed = Array.from({ length: sent - loaded }, (_, k) => loaded + k).filter(
				k => !events.includes(k)
			);
			return {
				state: connection.state,
				ends,
				// without ids nobody can tell what is a repeat
				isOrdered: events.every(
					(event, k) =>
						k === 0 || !gateway.hasHistory || (event as number) > (events[k - 1] as number)
				),
				missed,
				resets: isOneSession && gateway.hasHistory ? resets : [],
				last: events.slice(-2)
			};
		});
		const well = tabs.map(() => ({
			state: "open",
			ends: [],
			isOrdered: true,
			missed: [],
			resets: [],
			last: [sent - 2, sent - 1]
		}));
		// no hot loop, as one of tabs whose streams take as long as each other's was
		expect(gateway.requests.length).toBeLessThan(1000);
		expect(asked).toBeLessThan(1000);
		expect({ trace, told, streams: gateway.streams.size }).toEqual({
			trace,
			told: well,
			streams: 1
		});
	}
);
