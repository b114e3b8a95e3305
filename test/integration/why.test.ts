import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import type { Middleware } from "moleculer";
import { PastStreams } from "../../mixins/sse/gateway/past-streams.ts";
import {
	type BufferPolicy,
	busState,
	type SseVerdict,
	type SseWhy
} from "../../mixins/sse/index.ts";
import { INSPECTION_VERBS } from "../../mixins/sse/inspection/repl.ts";
import { MEANINGS } from "../../mixins/sse/inspection/repl-why.ts";
import type { GatewayFindings } from "../../mixins/sse/inspection/why/find.ts";
import { VERDICTS } from "../../mixins/sse/inspection/why/verdict.ts";
import type { EventStream } from "../../mixins/sse/streams/event-stream.ts";
import { createRandom } from "../chaos/random.ts";
import { connectHttp2, openHttp2Stream } from "../support/clients/http2-client.ts";
import { cookieOf } from "../support/clients/request.ts";
import {
	FLOOD,
	openStream,
	requestStream,
	type StreamClient
} from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";
import { section, tableRows } from "../support/markdown.ts";
import { TLS } from "../support/tls.ts";

const POLICIES: readonly BufferPolicy[] = ["disconnect", "dropOldest", "conflate"];
const SESSIONS = ["A", "B"] as const;
const NAMES = ["news", "chat", "score"] as const;
/** Not in the gateway's contract. */
const UNKNOWN = "unknown";
const MARK = "mark";
const WAYS = [
	{ name: "HTTP/1.1", settings: {} },
	{ name: "TLS", settings: { https: TLS } },
	{ name: "a replaced write", settings: { use: [replaceWrite] } }
];
const STEPS = 60;

/** A middleware that wraps the response, as those that compress do. */
function replaceWrite(_: unknown, response: ServerResponse, next: () => void): void {
	const write = response.write.bind(response) as (...args: unknown[]) => boolean;
	response.write = (...args: unknown[]) => write(...args);
	next();
}

/** A client and what the test knows about it. */
interface Tab {
	readonly session: string;
	readonly names: readonly string[];
	readonly client: StreamClient;
	/** Breaks its connection off. */
	readonly leave: () => void;
	/** The gateway opened it between these times, in milliseconds since 1970. */
	readonly between: readonly [number, number];
	/** The step at which it was opened. */
	readonly opened: number;
	/** The step from which on it is known to be over. */
	over: number;
	/** It left or was cut off: what has left the gateway's process may not have reached it. */
	isBroken: boolean;
	isStalled: boolean;
}

/** An event, identified by a number in its payload that no other event has. */
interface Sent {
	readonly n: number;
	readonly id: string;
	readonly name: string;
	readonly to: string;
	readonly step: number;
	readonly isLost: boolean;
}

/** Plays one course of random faults against a real gateway, and notes what each client receives. */
class Course {
	readonly gateway: TestGateway;
	readonly policy: BufferPolicy;
	readonly isHttp2: boolean;
	readonly tabs: Tab[] = [];
	readonly sent: Sent[] = [];
	readonly #random: () => number;
	readonly #lose: (isLost: boolean) => void;
	step = 0;

	private constructor(
		gateway: TestGateway,
		policy: BufferPolicy,
		seed: number,
		lose: (isLost: boolean) => void
	) {
		this.isHttp2 = isHttp2(seed);
		this.gateway = gateway;
		this.policy = policy;
		this.#random = createRandom(seed);
		this.#lose = lose;
	}

	static async start(policy: BufferPolicy, seed: number): Promise<Course> {
		let isLosing = false;
		type Handle = (ctx: { eventName: string }) => unknown;
		const wire = {
			localEvent: (next: Handle, { name }: { name: string }): Handle =>
				name === "sse.send" ? ctx => (isLosing ? Promise.resolve() : next(ctx)) : next
		} as unknown as Middleware;
		const contract = { audience: "public" } as const;
		const events = {
			news: contract,
			chat: contract,
			[MARK]: contract,
			score: { ...contract, conflate: ({ key }: { key: number }) => key }
		};
		const gateway = await startGateway({
			sse: {
				events,
				buffer: { policy, maxBytes: 65_536 },
				history: { maxBytes: 268_435_456 }
			},
			settings: { http2: isHttp2(seed) },
			broker: { middlewares: [wire] }
		});
		const lose = (isLost: boolean): void => {
			isLosing = isLost;
		};
		return new Course(gateway, policy, seed, lose);
	}

	#pick<T>(items: readonly T[]): T {
		return items[Math.floor(this.#random() * items.length)] as T;
	}

	async play(): Promise<void> {
		for (this.step = 1; this.step <= STEPS; this.step++) {
			const roll = this.#random();
			if (this.tabs.length === 0 || roll < 0.12) await this.open();
			else if (roll < 0.17) this.leave(this.#pick(this.tabs));
			else if (roll < 0.22) await this.stall(this.#pick(this.tabs));
			else if (roll < 0.28) this.#pick(this.tabs).isStalled && this.resume(this.#pick(this.tabs));
			else if (roll < 0.31) await this.revoke(this.#pick(SESSIONS));
			else await this.sendSome();
		}
		await this.settle();
	}

	async open(): Promise<void> {
		const session = this.#pick(SESSIONS);
		const names = NAMES.filter(() => this.#random() < 0.7);
		if (names.length === 0) names.push("news");
		const before = this.tabs.filter(tab => tab.session === session && tab.client.events.at(-1)?.id);
		const back = before.length > 0 && this.#random() < 0.6 ? this.#pick(before) : undefined;
		const place = back?.client.events.findLast(({ id }) => id)?.id;
		const headers = place === undefined ? {} : { "Last-Event-ID": place };
		const url = this.gateway.url(...names, MARK);
		const asked = Date.now();
		const connection = this.isHttp2 ? connectHttp2(this.gateway.origin) : undefined;
		const client =
			connection === undefined
				? await openStream(url, { session, headers })
				: await openHttp2Stream(connection, url, { session, headers });
		const between = [asked - 2, Date.now() + 2] as const;
		const over = Number.POSITIVE_INFINITY;
		const { step: opened } = this;
		const leave = (): void => (connection === undefined ? client.close() : connection.destroy());
		const tab = { session, names, client, leave, between, opened, over };
		this.tabs.push({ ...tab, isBroken: false, isStalled: false });
		// So that no other stream is opened in the same millisecond.
		await sleep(5);
	}

	leave(tab: Tab): void {
		tab.leave();
		tab.isBroken = true;
		tab.over = Math.min(tab.over, this.step);
	}

	/** Its client stops reading, and is sent more than the system buffers. */
	async stall(tab: Tab): Promise<void> {
		if (tab.over < this.step) return;
		tab.client.stall();
		tab.isStalled = true;
		const event = await this.send(tab.names[0] ?? "news", tab.session, FLOOD);
		const verdict = verdictOn(tab, await this.why(event, tab.session));
		// The system takes less than this even from a client that reads.
		if (verdict?.endedAt === null) expect(verdict).toMatchObject({ verdict: "waits" });
	}

	resume(tab: Tab): void {
		tab.client.resume();
		tab.isStalled = false;
	}

	async revoke(sessionId: string): Promise<void> {
		await this.gateway.broker.broadcast("sse.close", { sessionId, reason: "banned" });
		for (const tab of this.tabs) {
			if (tab.session !== sessionId || tab.over < this.step) continue;
			tab.over = this.step;
			// What its client has not taken is discarded, and the connection may be reset.
			tab.isBroken = true;
		}
	}

	async sendSome(): Promise<void> {
		const name = this.#random() < 0.05 ? UNKNOWN : this.#pick(NAMES);
		const to = this.#pick([...SESSIONS, "*"]);
		const isLost = this.#random() < 0.06;
		const count = 1 + Math.floor(this.#random() * 6);
		for (let n = 0; n < count; n++) {
			const text = "x".repeat(Math.floor(this.#random() * (this.#random() < 0.3 ? 30_000 : 50)));
			await this.send(name, to, text, isLost);
		}
		if (isLost) await this.send(MARK, "*", "after what was lost");
	}

	async send(name: string, to: string, text: string, isLost = false): Promise<Sent> {
		const n = this.sent.length;
		this.#lose(isLost);
		const payload = { n, key: n % 3, text };
		await this.gateway.send({ eventName: name, sessionId: to, payload });
		this.#lose(false);
		const id = busState(this.gateway.broker)?.position ?? "";
		const sent = { n, id, name, to, step: this.step, isLost };
		this.sent.push(sent);
		return sent;
	}

	/** Every client reads on, and receives what there is. */
	async settle(): Promise<void> {
		for (const tab of this.tabs) if (tab.isStalled) this.resume(tab);
		this.step++;
		const last = await this.send(MARK, "*", "the end");
		const end = last.n;
		await eventually(
			async () => {
				// What arrived out of order has waited for what it overtook.
				expect((await this.why(last, "nobody"))[0]?.verdict).toBe("no-stream");
				for (const tab of this.tabs) {
					const isOver = tab.client.ended !== undefined || tab.isBroken;
					expect(isOver || this.got(tab).has(end)).toBe(true);
				}
				expect(this.gateway.held.unclosed).toBe(
					this.tabs.filter(({ client, isBroken }) => client.ended === undefined && !isBroken).length
				);
			},
			{ timeout: 15_000 }
		);
		for (const tab of this.tabs) if (tab.client.ended === "broken") tab.isBroken = true;
	}

	/** The numbers of the events that a client has received. */
	got({ client }: Tab): Set<number> {
		const own = client.events.filter(({ event }) => event?.startsWith("sse.") === false);
		return new Set(own.map(({ data }) => (JSON.parse(data) as { n: number }).n));
	}

	async why(event: Sent, session: string): Promise<readonly SseVerdict[]> {
		const params = { event: event.id, session };
		return (await this.gateway.broker.call<SseWhy, object>("$sse.why", params)).verdicts;
	}
}

/** Every other course of a policy is over HTTP/2. */
function isHttp2(seed: number): boolean {
	return Math.floor(seed / 100) % 2 === 0;
}

/** How a verdict contradicts what the client really received, if it does. */
function problemOf(
	{ verdict, by }: SseVerdict,
	event: Sent,
	tab: Tab,
	got: ReadonlySet<number>,
	course: Course
): string | undefined {
	const has = got.has(event.n);
	const isFor = event.to === "*" || event.to === tab.session;
	const listens = tab.names.includes(event.name) || event.name === MARK;
	const told = tab.client.events.some(({ event }) => event === "sse.reset");
	const check = (holds: boolean, what: string) => (holds ? undefined : what);
	// Whom an event is for that has not arrived, or was refused, is not known.
	const others: readonly string[] = [
		"no-stream",
		"not-addressed",
		"not-subscribed",
		"refused",
		"gap"
	];
	if (!others.includes(verdict) && !(isFor && listens)) return "it was not for it";
	switch (verdict) {
		case "delivered":
			return check(has || tab.isBroken, "it has not come");
		case "waits":
			return "nothing waits at the end";
		case "no-stream":
			return check(
				!has &&
					(event.step <= tab.opened ||
						event.step >= tab.over ||
						tab.isBroken ||
						tab.client.ended !== undefined),
				"there was a stream"
			);
		case "not-addressed":
			return check(!has && !isFor, "it was addressed to it");
		case "not-subscribed":
			return check(!has && !listens, "it listens to it");
		case "seen":
			return check(!has && event.step <= tab.opened, "it was sent later");
		case "refused":
			return check(!has && event.name === UNKNOWN, "the contract has it");
		case "gap":
			return check(!has && event.isLost, "it was not lost");
		case "dropped":
			return check(
				!has && course.policy !== "disconnect" && (told || tab.isBroken),
				"nobody was told"
			);
		case "conflated": {
			const later = course.sent.find(({ id }) => id === by);
			const isLater = later !== undefined && later.n > event.n && later.n % 3 === event.n % 3;
			return check(
				!has && course.policy === "conflate" && event.name === "score" && isLater,
				"by what?"
			);
		}
		case "reset":
			return check(!has && told && event.step <= tab.opened, "it was not told");
		case "revoked":
			return check(!has || tab.isBroken, "it has come");
		case "cut-off":
			return check(
				tab.isBroken || tab.client.ended !== undefined,
				"its stream has not been cut off"
			);
		default:
			return "this is never so here";
	}
}

/** The verdicts on an event for session A. */
async function verdictsOf({ broker }: TestGateway, event: string): Promise<string[]> {
	const params = { event, session: "A" };
	const { verdicts } = await broker.call<SseWhy, object>("$sse.why", params);
	return verdicts.map(({ verdict }) => verdict);
}

/** The verdict on the stream of a client, if there is one. */
function verdictOn({ between: [from, to] }: Tab, given: readonly SseVerdict[]) {
	return given.find(({ openedAt }) => openedAt !== null && openedAt >= from && openedAt <= to);
}

/** Where the verdicts on all events contradict what the clients received; and which verdicts there were. */
async function compare(course: Course): Promise<{ problems: string[]; verdicts: Set<string> }> {
	const problems: string[] = [];
	const verdicts = new Set<string>();
	for (const session of SESSIONS) {
		const tabs = course.tabs.filter(tab => tab.session === session);
		const had = new Map(tabs.map(tab => [tab, course.got(tab)]));
		for (const event of course.sent) {
			const given = await course.why(event, session);
			for (const { verdict } of given) verdicts.add(verdict);
			for (const [tab, got] of had) {
				// Without a verdict on this stream, the one on the gateway applies.
				const verdict = verdictOn(tab, given) ?? given.find(({ openedAt }) => openedAt === null);
				const problem = verdict && problemOf(verdict, event, tab, got, course);
				const isMissing = got.has(event.n) && !tab.isBroken && verdict?.verdict !== "delivered";
				if (problem === undefined && !isMissing) continue;
				const where = `${JSON.stringify(event)}, ${session}${tabs.indexOf(tab)}`;
				problems.push(`${where}: ${verdict?.verdict}: ${problem ?? "it has come"}`);
			}
		}
	}
	return { problems, verdicts };
}

/** Courses for each policy; `COURSES=100` plays more. */
const COURSES = Number(process.env.COURSES ?? 2);

describe.each(POLICIES)("what became of an event, with the policy %s", policy => {
	it.each(Array.from({ length: COURSES }, (_, n) => n + 3))(
		"agrees with what each client really received: course %d",
		async seed => {
			const course = await Course.start(policy, seed * 100 + POLICIES.indexOf(policy));
			await course.play();
			const { problems, verdicts } = await compare(course);
			expect(problems.slice(0, 10)).toEqual([]);
			// Of a stream that was broken off, nothing may have been delivered.
			const isProven = course.tabs.some(tab => !tab.isBroken && course.got(tab).size > 0);
			if (isProven) expect(verdicts).toContain("delivered");
		}
	);
});

describe("`sse why`", () => {
	it("prints a line for each stream", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "A" });
		await openStream(gateway.url("chat"), { session: "A" });
		await gateway.send({ eventName: "news", sessionId: "A", payload: 1 });
		const { id = "" } = await stream.next("news");
		const told = jest.spyOn(console, "log").mockImplementation(() => {});
		try {
			await INSPECTION_VERBS.why?.run(gateway.broker, [id, "A"]);
			await INSPECTION_VERBS.why?.run(gateway.broker, ["nobody.zzzzzzzz.1", "A"]);
			await INSPECTION_VERBS.why?.run(gateway.broker, [id]);
			const [[both], [never], [usage]] = told.mock.calls as [[string], [string], [string]];
			const delivered = /^delivered \(at .*\): .*\[node-1, api, stream of .*\]\nnot-subscribed: /;
			expect(both).toMatch(delivered);
			expect(never).toMatch(/^not-here: /);
			expect(usage).toMatch(/Usage: sse why <eventId> <sessionId>/);
		} finally {
			told.mockRestore();
		}
	});

	it("says of an event that is no longer kept that it is too long ago", async () => {
		const gateway = await startGateway({ sse: { history: { maxBytes: 65_536 } } });
		await openStream(gateway.url("news"), { session: "A" });
		const send = (sessionId: string, payload: unknown) =>
			gateway.send({ eventName: "news", sessionId, payload });
		await send("A", 1);
		const event = busState(gateway.broker)?.position ?? "";
		for (let n = 0; n < 20; n++) await send("B", "x".repeat(10_000));
		const params = { event, session: "A" };
		const { verdicts } = await gateway.broker.call<SseWhy, object>("$sse.why", params);
		const nothing = { nodeID: "node-1", service: "api", openedAt: null, endedAt: null };
		expect(verdicts).toEqual([{ ...nothing, verdict: "too-old" }]);
	});

	it("knows that an open stream did not get what was read from the past, and knows the ids of a RabbitMQ stream", async () => {
		const { bus, gateway } = await HandBus.start();
		const stream = await openStream(gateway.url("news"), { session: "A" });
		bus.give("news", 1, Date.now() - 1000);
		bus.give("news", 2);
		await stream.next("news");
		const why = async (event: string): Promise<unknown> => {
			const params = { event, session: "A" };
			const { verdicts } = await gateway.broker.call<SseWhy, object>("$sse.why", params);
			return verdicts.map(({ verdict }) => verdict);
		};
		expect(await why("1-50")).toEqual(["gap"]);
		expect(await why("2-50")).toEqual(["delivered"]);
		expect(await why("3-50")).toEqual(["not-here"]);
	});

	// In a browser `lastEventId` is often that of `sse.open` or of a heartbeat. "It was never sent" was the answer.
	it("says of the id of `sse.open` that it is no event's", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "A" });
		const { id: event } = await stream.next("sse.open");
		await expect(
			gateway.broker.call<SseWhy, object>("$sse.why", { event, session: "A" })
		).rejects.toMatchObject({
			type: "SSE_INVALID_REQUEST",
			message: expect.stringContaining("where a stream is, as sse.open and heartbeats have it")
		});
	});

	// When a connection breaks, Node forgets what was unsent before it says that the connection has closed: the verdict was
	// `delivered`.
	it.each(WAYS)(
		"gives the reason for which a stream was cut off over $name, as the metrics count it",
		async ({ settings }) => {
			const gateway = await startGateway({ settings });
			const stream = await openStream(gateway.url("news"), { session: "A" });
			stream.stall();
			await gateway.send({ eventName: "news", sessionId: "A", payload: FLOOD });
			const params = { event: busState(gateway.broker)?.position ?? "", session: "A" };
			stream.close();
			await eventually(async () => {
				const { verdicts } = await gateway.broker.call<SseWhy, object>("$sse.why", params);
				expect(verdicts).toMatchObject([{ verdict: "cut-off", reason: "client" }]);
			});
		}
	);

	it.each(["connection", "stream"])(
		"says that an event was cut off if the client breaks off the %s over HTTP/2",
		async what => {
			const gateway = await startGateway({ settings: { http2: true } });
			const session = connectHttp2(gateway.origin);
			const { pathname, search } = new URL(gateway.url("news"));
			const request = session.request({ ":path": pathname + search, cookie: cookieOf("A") });
			request.on("error", () => {});
			await once(request, "response");
			await gateway.send({ eventName: "news", sessionId: "A", payload: FLOOD });
			const event = busState(gateway.broker)?.position ?? "";
			expect(await verdictsOf(gateway, event)).toEqual(["waits"]);
			if (what === "connection") session.destroy();
			else request.destroy(new Error("It has left."));
			await eventually(() => expect(gateway.held.unclosed).toBe(0));
			expect(await verdictsOf(gateway, event)).toEqual(["cut-off"]);
		}
	);

	it.each([false, true])(
		"says of what came before a slow client was cut off that it was delivered (HTTP/2: %s)",
		async http2 => {
			const buffer = { maxBytes: 65_536 };
			const gateway = await startGateway({ sse: { buffer }, settings: { http2 } });
			const url = gateway.url("news");
			const stream = http2
				? await openHttp2Stream(connectHttp2(gateway.origin), url, { session: "A" })
				: await openStream(url, { session: "A" });
			const send = async (payload: unknown): Promise<string> => {
				await gateway.send({ eventName: "news", sessionId: "A", payload });
				return busState(gateway.broker)?.position ?? "";
			};
			const early = [await send(1), await send(2), await send(3)];
			await stream.next("news", 3);
			stream.stall();
			const late = [await send(FLOOD), await send(FLOOD)];
			await eventually(() => expect(gateway.held.streams).toBe(0));
			for (const id of early) expect(await verdictsOf(gateway, id)).toEqual(["delivered"]);
			for (const id of late) expect(await verdictsOf(gateway, id)).toEqual(["cut-off"]);
		}
	);

	// What a turn brings is one write, of which Node says only whether all of it has left the process. The verdict was worded as if the
	// client lacked each event of a write that was cut off, though it may have got those before a large one.
	it.each([false, true])(
		"calls what was written together with a flood cut off, and says that the client may have it (HTTP/2: %s)",
		async http2 => {
			const gateway = await startGateway({ settings: { http2 } });
			const url = gateway.url("news");
			const open = (headers = {}) =>
				http2
					? openHttp2Stream(connectHttp2(gateway.origin), url, { session: "A", headers })
					: openStream(url, { session: "A", headers });
			const stream = await open();
			const payloads = [1, FLOOD, 3];
			await Promise.all(
				payloads.map(payload => gateway.send({ eventName: "news", sessionId: "A", payload }))
			);
			const { id: first = "" } = await stream.next("news");
			stream.stall();
			expect(stream.received("news")[0]).toBe(1);
			stream.close();
			await eventually(() => expect(gateway.held.unclosed).toBe(0));
			expect(await verdictsOf(gateway, first)).toEqual(["cut-off"]);
			expect(MEANINGS["cut-off"]).toContain("unless it has it");

			const back = await open({ "Last-Event-ID": first });
			await back.next("news", 2);
			expect(back.received("news")).toEqual(payloads.slice(1));
		}
	);

	// Nothing of such an event was unsent, because nothing of it had been written: the verdict was `delivered`.
	it.each([false, true])(
		"knows that an event was not written if a middleware threw instead (HTTP/2: %s)",
		async http2 => {
			let isBroken = false;
			const breakWrite = (_: unknown, response: ServerResponse, next: () => void): void => {
				const write = response.write.bind(response) as (...args: unknown[]) => boolean;
				response.write = (...args: unknown[]) => {
					if (isBroken) throw new Error("It is broken.");
					return write(...args);
				};
				next();
			};
			const gateway = await startGateway({ settings: { http2, use: [breakWrite] } });
			const url = gateway.url("news");
			const stream = http2
				? await openHttp2Stream(connectHttp2(gateway.origin), url, { session: "A" })
				: await openStream(url, { session: "A" });
			await gateway.send({ eventName: "news", sessionId: "A", payload: 1 });
			const { id: first = "" } = await stream.next("news");
			isBroken = true;
			await gateway.send({ eventName: "news", sessionId: "A", payload: 2 });
			const event = busState(gateway.broker)?.position ?? "";
			await eventually(() => expect(gateway.held.unclosed).toBe(0));
			expect(await verdictsOf(gateway, event)).toEqual(["cut-off"]);
			expect(await verdictsOf(gateway, first)).toEqual(["delivered"]);
		}
	);

	// What was sent before a client came back was all called `seen`, whoever it was for.
	it("says of an event for others that it was for others, also after the client came back", async () => {
		const gateway = await startGateway();
		const stream = await openStream(gateway.url("news"), { session: "A" });
		await gateway.send({ eventName: "news", sessionId: "B", payload: 1 });
		const event = busState(gateway.broker)?.position ?? "";
		await gateway.send({ eventName: "chat", sessionId: "A", payload: 2 });
		const chat = busState(gateway.broker)?.position ?? "";
		await gateway.send({ eventName: "news", sessionId: "A", payload: 3 });
		const { id = "" } = await stream.next("news");
		for (const place of [id, "nobody.zzzzzzzz.1"]) {
			const headers = { "Last-Event-ID": place };
			await openStream(gateway.url("news"), { session: "A", headers });
		}
		expect(await verdictsOf(gateway, event)).toEqual(Array(3).fill("not-addressed"));
		expect(await verdictsOf(gateway, chat)).toEqual(Array(3).fill("not-subscribed"));
		expect(await verdictsOf(gateway, id)).toEqual(["delivered", "seen", "reset"]);
	});

	// Such an event is not replayed, and its verdict was `seen`.
	it("does not say that a client has seen an event without an id from while it was away", async () => {
		const gateway = await startGateway({ middleware: false });
		const stream = await openStream(gateway.url("news"), { session: "A" });
		const { id = "" } = await stream.next("sse.open");
		stream.close();
		await eventually(() => expect(gateway.held.streams).toBe(0));
		await gateway.send({ eventName: "news", sessionId: "A", payload: 1 });
		const headers = { "Last-Event-ID": id };
		const back = await openStream(gateway.url("news"), { session: "A", headers });
		await gateway.send({ eventName: "news", sessionId: "A", payload: 2 });
		await back.next("news");
		expect(back.received("news")).toEqual([2]);
		const question = { what: "find", filter: { session: "A" } };
		const [found] = await gateway.broker.call<GatewayFindings[], object>("$sse.report", question);
		const own = found?.findings.filter(({ openedAt }) => openedAt !== null) ?? [];
		expect(own.map(({ verdict }) => verdict)).toEqual(["delivered", "no-stream"]);
	});

	// Everything that was read from the past while a stream was open counted as lost to it.
	it("knows what a stream that waited for the past got of it", async () => {
		const { bus, gateway } = await HandBus.start();
		const headers = { "Last-Event-ID": "1-50" };
		const stream = await requestStream(gateway.url("news"), { session: "A", headers });
		bus.give("news", 1, Date.now() - 1000);
		bus.give("news", 2, Date.now() - 1000);
		await stream.next("news");
		expect(stream.received("news")).toEqual([2]);
		expect(await verdictsOf(gateway, "1-50")).toEqual(["seen"]);
		expect(await verdictsOf(gateway, "2-50")).toEqual(["delivered"]);
	});

	// The verdict was `gap`, and that clients had been told.
	it("calls nothing lost that was sent before the gateway was there", async () => {
		const { bus, gateway } = await HandBus.start();
		bus.give("news", 5);
		expect(await verdictsOf(gateway, "3-50")).toEqual(["too-old"]);
	});

	it("is refused without a session or an event id", async () => {
		const { broker } = await startGateway();
		for (const [params, parameter] of [
			[{ event: "x" }, "session"],
			[{ session: "A" }, "event"]
		] as const) {
			const answer = broker.call("$sse.why", params as object);
			await expect(answer).rejects.toMatchObject({ data: { parameter } });
		}
	});
});

it("has exactly the verdicts that the reference explains", () => {
	const reference = readFileSync("docs/reference/repl.md", "utf8");
	const explained = tableRows(section(reference, "`sse why <eventId> <sessionId>`"));
	expect(explained.map(([verdict]) => verdict)).toEqual(VERDICTS.map(name => `\`${name}\``));
});

describe("what a gateway remembers of streams that have ended", () => {
	const close = (
		past: PastStreams,
		openedFrom: number,
		to: number,
		eventNames: readonly string[] = ["news"]
	): void => {
		const ending = { to, at: 0, reason: "client", isRevoked: false, unwritten: 0 };
		past.closed({
			sessionIds: ["a"],
			eventNames,
			openedAt: 0,
			openedFrom,
			past: { return: undefined, ending, unsent: 0 },
			unwrittenEvents: undefined
		} as unknown as EventStream);
	};

	it("is bounded, and the gateway knows from which event on it is complete", () => {
		const past = new PastStreams(() => 1, 16_000_000);
		for (let n = 1; n <= 50_000; n++) close(past, n, n + 3);
		expect(past.size).toBeLessThanOrEqual(2_000);
		expect(past.size).toBeGreaterThan(1_700);
		expect(past.forgottenTo).toBe(50_000 - past.size + 3);
	});

	// Only the characters of the names counted: streams with many short ones took five times as much as they may.
	it("counts each of a stream's names, however short", () => {
		const past = new PastStreams(() => 1, 16_000_000);
		const names = Array.from({ length: 100 }, (_, n) => `n${n}`);
		for (let n = 1; n <= 2_000; n++) close(past, n, n + 3, names);
		// An array's slot and a string's head are 24 bytes or more.
		expect(past.size * 100 * 24).toBeLessThanOrEqual(1_000_000);
	});

	it("excludes streams during which no event arrived, or whose events are no longer kept", () => {
		let tail = 1;
		const past = new PastStreams(() => tail, 1_000_000);
		close(past, 5, 5);
		expect(past.size).toBe(0);
		close(past, 5, 6);
		expect(past.size).toBe(1);
		tail = 9;
		close(past, 9, 10);
		expect([past.size, past.forgottenTo]).toEqual([1, 0]);
	});
});
