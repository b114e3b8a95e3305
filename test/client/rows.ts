import type { Engine, Tab, Visitor } from "./engine.ts";
import { Stage, type StageSetup, startLogin } from "./stage.ts";

/** How much a run does. */
export interface Amounts {
	/** Leaders that are replaced. */
	readonly leaders: number;
	/** Seconds of ten thousand events each. */
	readonly burst: number;
	/** Seconds without a network. */
	readonly offline: number;
}

/** What came of a row: it holds, or it does not, or it cannot be tried in this engine. */
export interface Outcome {
	readonly holds: boolean | "untried";
	readonly says: string;
}

export interface Row {
	readonly name: string;
	/** Which protocols it is played over. */
	readonly over: readonly ("HTTP/1.1" | "HTTP/2")[];
	play(engine: Engine, http2: boolean, amounts: Amounts): Promise<Outcome>;
}

const BOTH = ["HTTP/1.1", "HTTP/2"] as const;
const FIRST = ["HTTP/1.1"] as const;
const HEARTBEAT = 1000;

export const pause = (milliseconds: number): Promise<void> =>
	new Promise(resolve => setTimeout(resolve, milliseconds));

/** Waits until something holds; how many milliseconds that took, or undefined if it never did. */
async function until(
	condition: () => Promise<boolean> | boolean,
	patience = 20_000
): Promise<number | undefined> {
	const began = performance.now();
	while (performance.now() - began < patience) {
		if (await condition()) return performance.now() - began;
		await pause(20);
	}
	return undefined;
}

/** A gateway that has just started may say that it is degraded. */
const isOpen = (tab: Tab) =>
	until(() =>
		tab.evaluate<boolean>("!!window.isReady && ['open', 'degraded'].includes(live.state)")
	);

/** What is wrong with the numbers that a tab got; empty if nothing is. */
async function faults(tab: Tab, upTo?: number): Promise<string[]> {
	const { got, resets, starts } = await tab.evaluate<{
		got: number[];
		resets: string[];
		starts: number;
	}>("({ got, resets, starts })");
	const wrong: string[] = [];
	const doubled = got.length - new Set(got).size;
	const [first = 0] = got;
	const missing = Array.from({ length: (got.at(-1) ?? 0) - first + 1 }, (_, n) => first + n).filter(
		n => !got.includes(n)
	);
	if (missing.length > 0) wrong.push(`${missing.length} lost`);
	if (doubled > 0) wrong.push(`${doubled} doubled`);
	if (got.some((n, at) => at > 0 && n < (got[at - 1] as number))) wrong.push("order broken");
	if (resets.length > 0) wrong.push(`resets: ${resets}`);
	if (starts !== 1) wrong.push(`${starts} starts`);
	if (upTo !== undefined && got.at(-1) !== upTo) wrong.push(`ends at ${got.at(-1)}, not ${upTo}`);
	return wrong;
}

const verdict = (wrong: readonly string[], says: string): Outcome => ({
	holds: wrong.length === 0,
	says: wrong.length === 0 ? says : `${[...new Set(wrong)].join("; ")} (${says})`
});

/** Plays on a stage, for a visitor; both are gone when it is over. */
async function onStage(
	engine: Engine,
	setup: StageSetup,
	play: (stage: Stage, visitor: Visitor) => Promise<Outcome>
): Promise<Outcome> {
	const stage = await Stage.start(setup);
	const visitor = await engine.visitor();
	try {
		return await play(stage, visitor);
	} finally {
		await visitor.close().catch(() => {});
		await stage.stop();
	}
}

/** Opens tabs one after the other, each until it is open. */
async function openTabs(
	stage: Stage,
	visitor: Visitor,
	count: number,
	options = {},
	user = "alice"
) {
	const tabs: Tab[] = [];
	for (let n = 0; n < count; n++) {
		const tab = await visitor.openTab(stage.page(user, options));
		if ((await isOpen(tab)) === undefined) throw new Error(`tab ${n} did not open`);
		tabs.push(tab);
	}
	return tabs;
}

const percentile = (times: readonly number[], part: number) =>
	Math.round([...times].sort((a, b) => a - b)[Math.ceil(times.length * part) - 1] ?? 0);

/** Waits until all that was sent has come to a tab. */
const caughtUp = (stage: Stage, tab: Tab, patience?: number) =>
	until(async () => (await tab.evaluate<number>("got.at(-1) ?? -1")) === stage.sent - 1, patience);

export const ROWS: readonly Row[] = [
	{
		name: "leaders killed, frozen or kept by the back/forward cache, 5 tabs, 20 events/s",
		over: BOTH,
		play: (engine, http2, { leaders }) =>
			onStage(engine, { http2, sse: { heartbeat: HEARTBEAT } }, async (stage, visitor) => {
				let tabs = await openTabs(stage, visitor, 5);
				const wrong: string[] = [];
				const times: number[] = [];
				const counts = { killed: 0, frozen: 0, kept: 0, reloaded: 0 };
				stage.begin(20);
				for (let n = 0; n < leaders; n++) {
					const leads = await Promise.all(tabs.map(tab => tab.evaluate<boolean>("leads()")));
					const leader = tabs[Math.max(0, leads.indexOf(true))] as Tab;
					const others = tabs.filter(tab => tab !== leader);
					const ways = leader.freeze ? 3 : 2;
					const way = Math.floor(Math.random() * ways);
					if (way === 0) {
						await until(async () => (await faults(leader)).length === 0, 1000);
						wrong.push(...(await faults(leader)));
						await leader.kill();
					} else if (way === 1) await leader.go(`${stage.origin}/page/other`);
					else await leader.freeze?.();
					const from = stage.sent;
					const waits = others.map(tab =>
						until(async () => (await tab.evaluate<number>("got.at(-1) ?? -1")) >= from, 10_000)
					);
					for (const time of await Promise.all(waits)) {
						if (time === undefined) wrong.push("not live again within 10 s");
						else times.push(time);
					}
					if (way === 0) {
						counts.killed++;
						tabs = [...others, ...(await openTabs(stage, visitor, 1))];
					} else if (way === 2) {
						await leader.thaw?.();
						counts.frozen++;
					} else {
						await leader.go("back");
						await isOpen(leader);
						counts[(await leader.evaluate<number>("kept")) > 0 ? "kept" : "reloaded"]++;
					}
				}
				stage.halt();
				// the last tab may have come after all the others
				await stage.send();
				for (const tab of tabs) {
					await caughtUp(stage, tab);
					wrong.push(...(await faults(tab, stage.sent - 1)));
				}
				await until(() => stage.streams === 1);
				if (stage.streams !== 1) wrong.push(`${stage.streams} streams`);
				const live = percentile(times, 0.95);
				if (live > 1000) wrong.push(`live again after ${live} ms`);
				const what = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
				return verdict(wrong, `${what.join(", ")}; live again in ${live} ms (p95)`);
			})
	},
	{
		name: "the connection half open",
		over: BOTH,
		play: (engine, http2) =>
			onStage(engine, { http2, sse: { heartbeat: HEARTBEAT } }, async (stage, visitor) => {
				const [tab] = (await openTabs(stage, visitor, 1)) as [Tab];
				for (let n = 0; n < 5; n++) await stage.send();
				await caughtUp(stage, tab);
				stage.wire?.mute();
				const noticed = await until(
					async () => (await tab.evaluate<string>("live.state")) === "connecting",
					10 * HEARTBEAT
				);
				for (let n = 0; n < 5; n++) await stage.send();
				// the browser keeps an HTTP/2 connection until it finds out by itself that it is dead
				const resumed = await caughtUp(stage, tab, 120_000);
				const wrong = await faults(tab, stage.sent - 1);
				// one that had just come, and the machine
				if (noticed === undefined || noticed > 2.5 * HEARTBEAT) wrong.push("noticed too late");
				const times = [noticed, resumed].map(time => `${Math.round(time ?? 0)} ms`);
				const says = `noticed in ${times[0]} at a heartbeat of ${HEARTBEAT} ms, resumed ${times[1]} later`;
				return verdict(wrong, says);
			})
	},
	{
		name: "gateways restarted in turn behind a proxy that answers 502 meanwhile",
		over: FIRST,
		play: (engine, http2) =>
			onStage(engine, { http2, gateways: 2, sse: { timeout: 2000 } }, async (stage, visitor) => {
				const tabs = await openTabs(stage, visitor, 2);
				stage.begin(20);
				for (let n = 0; n < 4; n++) {
					await stage.gateway(n).stop();
					await pause(1000);
					await stage.gateway(n).start();
					await pause(2000);
				}
				stage.halt();
				const wrong: string[] = [];
				for (const tab of tabs) {
					await caughtUp(stage, tab);
					const found = await faults(tab, stage.sent - 1);
					const isTold = found.some(fault => fault.startsWith("resets"));
					wrong.push(...found.filter(fault => !isTold || !/^resets|lost$/.test(fault)));
				}
				const resets = await (tabs[0] as Tab).evaluate<string[]>("resets");
				return verdict(wrong, `4 restarts, without a reload; ${resets.length} resets`);
			})
	},
	{
		name: "a service worker that passes everything through",
		over: FIRST,
		play: (engine, http2) =>
			onStage(engine, { http2, sse: { timeout: 1000 } }, async (stage, visitor) => {
				const [tab] = (await openTabs(stage, visitor, 1, { worker: true })) as [Tab];
				stage.begin(20);
				await pause(8000);
				stage.halt();
				await caughtUp(stage, tab);
				return verdict(
					await faults(tab, stage.sent - 1),
					`${stage.sent} events over 8 streams or more`
				);
			})
	},
	{
		name: "20 tabs",
		over: BOTH,
		play: (engine, http2) =>
			onStage(engine, { http2 }, async (stage, visitor) => {
				const ping =
					"(async () => { const from = performance.now(); await (await fetch('/api/ping')).text(); return performance.now() - from; })()";
				const [first] = (await openTabs(stage, visitor, 1)) as [Tab];
				await first.evaluate(ping);
				const alone = await first.evaluate<number>(ping);
				const tabs = [first, ...(await openTabs(stage, visitor, 19))];
				await until(() => stage.streams === 1);
				const among = await first.evaluate<number>(ping);
				for (let n = 0; n < 10; n++) await stage.send();
				const wrong: string[] = [];
				for (const tab of tabs) {
					await caughtUp(stage, tab);
					wrong.push(...(await faults(tab, stage.sent - 1)));
				}
				if (stage.streams !== 1) wrong.push(`${stage.streams} streams`);
				if (among > alone + 500) wrong.push("API calls wait");
				const says = `${stage.streams} stream; the API answers in ${Math.round(among)} ms, with one tab in ${Math.round(alone)} ms`;
				return verdict(wrong, says);
			})
	},
	{
		name: "the session ends, a ticket expires, a logout in one tab",
		over: BOTH,
		async play(engine, http2) {
			const wrong: string[] = [];
			for (const options of [{}, { ticket: true }]) {
				const outcome = await onStage(engine, { http2 }, async (stage, visitor) => {
					const tabs = await openTabs(stage, visitor, 4, options);
					stage.isOver = true;
					await stage.broadcast("sse.close", { sessionId: "alice", reason: "logged out" });
					for (const tab of tabs)
						await until(async () => (await tab.evaluate<string[]>("ends")).length > 0);
					await pause(1500);
					const faults: string[] = [];
					for (const tab of tabs) {
						const ends = await tab.evaluate<string[]>("ends");
						if (ends.join() !== "unauthorized") faults.push(`ends: ${ends}`);
					}
					if (stage.streams !== 0) faults.push(`${stage.streams} streams are left`);
					return verdict(faults, "");
				});
				if (!outcome.holds) wrong.push(outcome.says);
			}
			return verdict(wrong, "4 tabs end, with a cookie and with tickets, and none comes back");
		}
	},
	{
		name: "the session ends, and streams are sent to a page where one logs in",
		over: FIRST,
		async play(engine, http2) {
			const wrong: string[] = [];
			const other = await startLogin();
			for (const login of ["/page/other", other.url]) {
				for (const options of [{}, { headers: {} }]) {
					const outcome = await onStage(engine, { http2 }, async (stage, visitor) => {
						const tabs = await openTabs(stage, visitor, 3, options);
						stage.login = login;
						await stage.broadcast("sse.close", { sessionId: "alice", reason: "logged out" });
						const faults: string[] = [];
						for (const tab of tabs) {
							const isOver = async () => (await tab.evaluate<string[]>("ends")).length > 0;
							await until(isOver, 10_000);
							const ends = await tab.evaluate<string[]>("ends");
							const over = "headers" in options ? "fetch" : "EventSource";
							if (ends.join() !== "unauthorized") faults.push(`${over}, ${login}: ${ends}`);
						}
						return verdict(faults, "");
					});
					if (!outcome.holds) wrong.push(outcome.says);
				}
			}
			other.stop();
			return verdict(
				wrong,
				"3 tabs end, of the same and of another origin, over EventSource and fetch"
			);
		}
	},
	{
		name: "two users, one browser: one after the other, and in two profiles",
		over: FIRST,
		play: (engine, http2) =>
			onStage(engine, { http2 }, async (stage, visitor) => {
				const alices = await openTabs(stage, visitor, 2);
				const bobs = await openTabs(stage, visitor, 2, {}, "bob");
				const other = await engine.visitor();
				const carols = await openTabs(stage, other, 2, {}, "carol");
				const all = { alice: alices, bob: bobs, carol: carols };
				const own: Record<string, number[]> = { alice: [], bob: [], carol: [] };
				const say = async (user: string) => {
					own[user]?.push(stage.sent);
					await stage.send(user);
				};
				for (let n = 0; n < 5; n++) for (const user of Object.keys(all)) await say(user);
				await until(async () => (await (bobs[1] as Tab).evaluate<number[]>("got")).length === 5);
				const alicesOwn = [...(own.alice ?? [])];
				// her stream comes back with his cookie
				await stage.broadcast("sse.close", { sessionId: "alice" });
				await until(async () => (await (alices[1] as Tab).evaluate<string[]>("ends")).length > 0);
				for (let n = 0; n < 5; n++) for (const user of ["bob", "carol"]) await say(user);
				await pause(1000);
				const wrong: string[] = [];
				for (const [user, tabs] of Object.entries(all)) {
					const wanted = user === "alice" ? alicesOwn : own[user];
					for (const tab of tabs) {
						const got = await tab.evaluate<number[]>("got");
						if (got.join() !== wanted?.join()) wrong.push(`${user} got ${got}, not ${wanted}`);
					}
				}
				const ends = await (alices[0] as Tab).evaluate<string[]>("ends");
				if (ends.join() !== "session") wrong.push(`alice's pages: ${ends}`);
				await other.close();
				return verdict(wrong, "no event of another; the first user's pages end");
			})
	},
	{
		name: "10,000 events/s, and handlers that throw",
		over: FIRST,
		play: (engine, http2, { burst }) =>
			onStage(
				engine,
				{ http2, sse: { buffer: { maxBytes: 64_000_000 } } },
				async (stage, visitor) => {
					const [tab] = (await openTabs(stage, visitor, 1, { counts: true, throws: true })) as [
						Tab
					];
					const counted = () =>
						until(async () => (await tab.evaluate<number>("count")) === stage.sent, 60_000);
					stage.begin(10_000);
					await pause(2000);
					stage.halt();
					await counted();
					const before = await tab.heap?.();
					stage.begin(10_000);
					await pause(burst * 1000);
					stage.halt();
					const wrong: string[] = [];
					if ((await counted()) === undefined) {
						wrong.push(
							`${stage.sent - (await tab.evaluate<number>("count"))} of ${stage.sent} did not come`
						);
					}
					const after = await tab.heap?.();
					const grown = ((after ?? 0) - (before ?? 0)) / 1e6;
					if (grown > 2) wrong.push(`${grown.toFixed(1)} MB more`);
					const heap =
						before === undefined ? "its heap cannot be asked for" : `${grown.toFixed(1)} MB more`;
					return verdict(wrong, `${stage.sent} events; ${heap}`);
				}
			)
	},
	{
		name: "offline past the history",
		over: BOTH,
		play: (engine, http2, { offline }) =>
			onStage(
				engine,
				{ http2, sse: { heartbeat: HEARTBEAT, history: { maxAge: (offline * 1000) / 3 } } },
				async (stage, visitor) => {
					const tabs = await openTabs(stage, visitor, 2);
					await stage.send();
					for (const tab of tabs) await caughtUp(stage, tab);
					stage.wire?.down();
					for (let n = 0; n < offline * 10; n++) {
						await stage.send();
						await pause(100);
					}
					stage.wire?.up();
					const isReset = async (tab: Tab) => (await tab.evaluate<string[]>("resets")).length > 0;
					for (const tab of tabs) await until(() => isReset(tab), 40_000);
					await stage.send();
					const wrong: string[] = [];
					for (const tab of tabs) {
						await caughtUp(stage, tab);
						const resets = await tab.evaluate<string[]>("resets");
						if (resets.join() !== "expired") wrong.push(`resets: ${resets}`);
						const last = await tab.evaluate<number>("got.at(-1)");
						if (last !== stage.sent - 1) wrong.push("not live again");
					}
					return verdict(wrong, `${offline} s away, one reset, then live`);
				}
			)
	}
];
