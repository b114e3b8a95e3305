import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { orderBySender } from "../../../../mixins/sse/bus/moleculer/id-order.ts";
import { RABBITMQ_ORDER } from "../../../../mixins/sse/bus/rabbitmq/id-order.ts";
import type { Subscription } from "../../../../mixins/sse/core/addressing/registry.ts";
import { parseId } from "../../../../mixins/sse/core/event/event-id.ts";
import type { Frame } from "../../../../mixins/sse/core/event/frame.ts";
import { History } from "../../../../mixins/sse/core/history/history.ts";
import type { IdOrder } from "../../../../mixins/sse/core/history/id-order.ts";
import { runs } from "../../../support/fuzz.ts";
import { Numbers } from "./numbers.ts";

const MAX_AGE = 60_000;
const IDS = ["s", "t", "u", "__proto__"];
const NAMES = ["a", "b"];
const decoder = new TextDecoder();
const encoder = new TextEncoder();

interface Sent {
	readonly n: number;
	readonly id: string | undefined;
	readonly sessionId: string | readonly string[];
	readonly eventName: string;
	/** The pairs of each session that were revoked, and to which it was not let in, when it was sent. */
	readonly withheld: ReadonlySet<string>;
}

/** @param session The first id of the stream: the others are groups. */
const pairOf = (session: string, id: string, name: string) => `${name} of ${id} for ${session}`;
const pairsOf = ({ sessionIds, eventNames }: Subscription, session = sessionIds[0] as string) =>
	sessionIds.flatMap(id => eventNames.map(name => pairOf(session, id, name)));

/** A history, and beside it one that knows of no revocation, except for their positions. */
class Twins {
	readonly #continuity = new Numbers();
	readonly #real: History;
	readonly #control: History;
	now = 0;

	constructor(order: (numbers: Numbers) => IdOrder, { maxAge = MAX_AGE, maxBytes = 1 << 20 } = {}) {
		const options = { maxAge, maxBytes, gateway: "gw.1" };
		this.#real = new History(options, order(this.#continuity));
		this.#control = new History(options, order(this.#continuity));
	}

	get place(): string {
		return this.#real.resumeToken(this.now);
	}

	get head(): number {
		return this.#real.head;
	}

	/** @param past Milliseconds since it was sent, for an event of the past. */
	append({ n, id, sessionId, eventName }: Omit<Sent, "withheld">, past?: number): void {
		const parsed = id === undefined ? undefined : parseId(id);
		if (parsed !== undefined && this.#continuity.observe(parsed) === "repeat") return;
		const event = { id, sessionId, eventName, payload: null };
		for (const history of [this.#real, this.#control]) {
			const at = this.now - (past ?? 0);
			history.append(event, encoder.encode(String(n)), at, past !== undefined);
		}
	}

	revoke(sessionId: string | readonly string[], eventName?: string): void {
		this.#real.revoke({ sessionId, eventName, reason: "revoked" }, this.now);
		this.#control.revoke({ sessionId: "nobody", eventName, reason: "revoked" }, this.now);
	}

	letIn(stream: Subscription): void {
		this.#real.letIn(stream, this.now);
	}

	restart(gateway: string): void {
		for (const history of [this.#real, this.#control]) history.restart(gateway);
	}

	/** What is replayed, or why nothing is; with and without revocations. */
	replay(place: string, stream: Subscription): (number[] | string)[] {
		return [this.#real, this.#control].map(history => {
			const cursor = history.since(place, this.now, stream);
			if (typeof cursor === "string") return cursor;
			return (history.read(cursor, stream, 1 << 20) as Frame[]).map(frame =>
				Number(decoder.decode(frame))
			);
		});
	}
}

/** What a client comes back with: nothing, the resume token that it got, or one that it made up. */
type Place = "none" | "own" | "counted" | "foreign" | "event" | "ahead";

const whom = fc.oneof(
	fc.constantFrom(...IDS, "*"),
	fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1 })
);
const stream: fc.Arbitrary<Subscription> = fc.record({
	sessionIds: fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1, maxLength: 2 }),
	eventNames: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })
});
const step = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant("send" as const),
			sessionId: whom,
			eventName: fc.constantFrom(...NAMES),
			origin: fc.constantFrom<"n" | "m">("n", "m"),
			hasId: fc.constantFrom(true, true, true, false)
		})
	},
	{
		weight: 2,
		arbitrary: fc.record({
			kind: fc.constant("revoke" as const),
			sessionId: whom,
			eventName: fc.constantFrom(undefined, undefined, ...NAMES)
		})
	},
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant("open" as const),
			stream,
			place: fc.constantFrom<Place>("none", "own", "own", "counted", "foreign", "event", "ahead"),
			which: fc.nat(60),
			settled: fc.boolean()
		})
	},
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(30_000) }) },
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant("restart" as const),
			from: fc.nat(60),
			// opens at what arrives meanwhile
			opens: fc.array(fc.record({ at: fc.nat(20), stream }), { maxLength: 3 })
		})
	}
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays steps, and compares what may be replayed with what a model says. */
class Play {
	readonly #twins: Twins;
	readonly #isOneStream: boolean;
	readonly #sent: Sent[] = [];
	readonly #seqs = { n: 0, m: 0 };
	/** The pairs of each session that were revoked and not let in since, as far as this gateway can know. */
	#out = new Set<string>();
	/** By pair: the first event after it was let in again. */
	readonly #letIn = new Map<string, number>();
	/** The pairs that were ever revoked. */
	readonly #revoked = new Set<string>();
	/** By stream: its resume token, and whether it was let in by then and nothing has happened to it since. */
	readonly #places = new Map<string, { place: string; isSound: boolean }>();
	#life = 1;

	constructor(isOneStream: boolean) {
		this.#isOneStream = isOneStream;
		this.#twins = new Twins(continuity =>
			isOneStream ? RABBITMQ_ORDER : orderBySender(continuity, 5000)
		);
	}

	do(step: Step): void {
		this.#twins.now++;
		if (step.kind === "wait") this.#twins.now += step.ms;
		else if (step.kind === "send") this.#send(step);
		else if (step.kind === "revoke") this.#revoke(step);
		else if (step.kind === "restart") this.#restart(step);
		else this.#open(step);
	}

	#send({ sessionId, eventName, origin, hasId }: Step & { kind: "send" }): void {
		const n = this.#sent.length;
		if (hasId) this.#seqs[origin]++;
		const id = this.#isOneStream ? `${n + 10}-${n + 1000}` : `${origin}.e.${this.#seqs[origin]}`;
		const withheld = new Set(this.#out);
		const sent = { n, id: hasId ? id : undefined, sessionId, eventName, withheld };
		this.#sent.push(sent);
		this.#twins.append(sent);
	}

	#revoke({ sessionId, eventName }: Step & { kind: "revoke" }): void {
		const ids = sessionId === "*" ? IDS : [sessionId].flat();
		const eventNames = eventName ? [eventName] : NAMES;
		for (const session of IDS) {
			for (const pair of pairsOf({ sessionIds: ids, eventNames }, session)) {
				this.#out.add(pair);
				this.#revoked.add(pair);
			}
		}
		this.#unsound();
		this.#twins.revoke(sessionId, eventName);
	}

	/** What it held arrives again, as part of the past. */
	#restart({ from, opens }: Step & { kind: "restart" }): void {
		this.#twins.restart(`gw.${++this.#life}`);
		this.#out = new Set(this.#revoked);
		// ids of senders stay known; only a RabbitMQ stream is read again
		const again = this.#isOneStream ? this.#sent.filter(({ id }) => id !== undefined) : [];
		for (const [at, sent] of again.slice(from).entries()) {
			for (const open of opens) {
				if (open.at !== at) continue;
				this.#open({
					kind: "open",
					stream: open.stream,
					place: "event",
					which: from,
					settled: true
				});
			}
			this.#twins.append(sent, 100);
			this.#out = new Set(this.#revoked);
		}
		this.#unsound();
	}

	#unsound(): void {
		for (const place of this.#places.values()) place.isSound = false;
	}

	#open({ stream, place: kind, which, settled }: Step & { kind: "open" }): void {
		const key = JSON.stringify([stream.sessionIds, stream.eventNames]);
		const own = this.#places.get(key);
		const place = this.#placeOf(kind, own?.place, which, settled);
		if (place !== undefined) {
			const [real, control] = this.#twins.replay(place, stream);
			this.#judge(stream, real as number[] | string);
			const pairs = pairsOf(stream);
			if (pairs.some(pair => this.#out.has(pair))) expect(real).toBe("revoked");
			else if (!pairs.some(pair => this.#revoked.has(pair))) expect(real).toEqual(control);
			else if (kind === "own" && own?.isSound) expect(real).toEqual(control);
			else if (this.#isBehindLetIn(kind, which, pairs)) {
				const letIn = this.#letInOf(pairs);
				const isTold = Array.isArray(control) && control.some(n => n < letIn);
				expect(real).toEqual(isTold ? "revoked" : control);
			} else if (real !== "revoked") expect(real).toEqual(control);
		}
		this.#twins.letIn(stream);
		for (const pair of pairsOf(stream)) {
			if (this.#out.delete(pair)) this.#letIn.set(pair, this.#sent.length);
		}
		this.#places.set(key, { place: this.#twins.place, isSound: true });
	}

	#letInOf(pairs: readonly string[]): number {
		return Math.max(...pairs.map(pair => this.#letIn.get(pair) ?? 0));
	}

	/** Whether it names an event that was sent when all of these were let in. */
	#isBehindLetIn(kind: Place, which: number, pairs: readonly string[]): boolean {
		if (kind !== "event" && kind !== "foreign") return false;
		return which % Math.max(1, this.#sent.length) >= this.#letInOf(pairs);
	}

	/** Nothing of what was sent while one of them was revoked. */
	#judge({ sessionIds }: Subscription, replayed: readonly number[] | string): void {
		if (typeof replayed === "string") return;
		for (const n of replayed) {
			const { sessionId, eventName, withheld } = this.#sent[n] as Sent;
			for (const id of sessionIds) {
				if (sessionId !== "*" && ![sessionId].flat().includes(id)) continue;
				expect(withheld).not.toContain(pairOf(sessionIds[0] as string, id, eventName));
			}
		}
	}

	#placeOf(
		kind: Place,
		own: string | undefined,
		which: number,
		settled: boolean
	): string | undefined {
		const suffix = settled ? "~s" : "";
		const { id = "" } = this.#sent[which % Math.max(1, this.#sent.length)] ?? {};
		switch (kind) {
			case "own":
				return own;
			case "counted":
				return `~gw.${this.#life}~${which % (this.#twins.head + 1)}${suffix}`;
			case "foreign":
				return `${id}~other.life~${which}${suffix}`;
			case "event":
				return id;
			case "ahead":
				return this.#isOneStream ? `${which + 1000}-1` : `n.e.${which + 1000}`;
			default:
				return undefined;
		}
	}
}

describe("a revoked session that names any place", () => {
	it.each([
		["events of several senders", false],
		["events of one stream", true]
	])(
		"gets no replay of what was sent while it was revoked, and otherwise the same as anybody: %s",
		(_, isOneStream) => {
			fc.assert(
				fc.property(fc.array(step, { maxLength: 60, size: "max" }), steps => {
					const play = new Play(isOneStream);
					for (const one of steps) play.do(one);
				}),
				runs(3000)
			);
		}
	);
});
