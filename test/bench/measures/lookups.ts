import type { Readable } from "../../../mixins/sse/bus/bus.ts";
import { RABBITMQ_ORDER } from "../../../mixins/sse/bus/rabbitmq/id-order.ts";
import { ReadingReceiver } from "../../../mixins/sse/bus/reading-receiver.ts";
import { Registry, type Subscription } from "../../../mixins/sse/core/addressing/registry.ts";
import { GatewayCounters } from "../../../mixins/sse/core/metrics/counters.ts";
import { NO_DELIVERY_TIMES } from "../../../mixins/sse/core/metrics/delivery-times.ts";
import { FanOut } from "../../../mixins/sse/gateway/delivery/fan-out.ts";
import type { GatewayService } from "../../../mixins/sse/gateway/types.ts";
import type { EventStream } from "../../../mixins/sse/streams/event-stream.ts";
import { ownUsage } from "../process/usage.ts";
import { type Measure, measured } from "./measure.ts";
import { median } from "./statistics.ts";

const SESSIONS = [1000, 10_000, 100_000];
const JUDGED = SESSIONS.indexOf(10_000);
/** Messages of one round, and events of a message: they are taken as soon as they are parsed, like by a gateway. */
const MESSAGES = 2000;
const EVENTS = 100;
/** A prime, so that the sessions follow no order. */
const STEP = 7919;

interface Costs {
	/** Microseconds to find the streams of a session that is here. */
	readonly here: number;
	/** Everything that a gateway does with a parsed event of a session that is elsewhere, and bytes that stay. */
	readonly elsewhere: number;
	readonly left: number;
}

export const LOOKUPS: Measure = {
	name: "lookups",
	title: "Events for one session, by how many are registered",
	targets: [
		{
			what: "an event for a session that is elsewhere, parsed, history off, 10,000 sessions here",
			mustReach: 0.5,
			unit: " µs"
		},
		{
			what: "what such an event leaves behind",
			mustReach: 1,
			unit: " bytes"
		}
	],
	async run({ quick }) {
		const costs = SESSIONS.map(sessions => costsOf(sessions, quick ? 3 : 9));
		const judged = costs[JUDGED] as Costs;
		return {
			measured: [measured(() => judged.elsewhere), measured(() => judged.left)],
			tables: [
				{
					columns: [
						"sessions with a stream",
						"found here, µs",
						"elsewhere, all in all, µs",
						"elsewhere, bytes left by an event"
					],
					rows: costs.map(({ here, elsewhere, left }, at) => [
						(SESSIONS[at] as number).toLocaleString("en"),
						here,
						elsewhere,
						left
					])
				}
			],
			notes: [
				"In the benchmark's own process. What grows with the sessions is that more of them than the processor's " +
					"caches hold are looked at in turn."
			]
		};
	}
};

/** Nothing is read from it. */
const NO_BUS: Readable = {
	order: RABBITMQ_ORDER,
	subscribe: () => {
		throw new Error("not read");
	}
};

function costsOf(sessions: number, rounds: number): Costs {
	const registry = new Registry<Subscription>();
	for (let n = 0; n < sessions; n++) {
		registry.add({ sessionIds: [`session-${n}`], eventNames: ["news"] });
	}
	const fanOut = new FanOut(
		registry as Registry<EventStream>,
		{
			history: null,
			receiver: (listener, service) => new ReadingReceiver(NO_BUS, listener, service),
			limits: { eventBytes: 0, recipientsPerEvent: 0 },
			conflates: false,
			counters: new GatewayCounters(),
			deliveryTimes: NO_DELIVERY_TIMES
		},
		{ broker: { nodeID: "gateway-1" }, logger: console } as unknown as GatewayService
	);
	const from = { nodeID: "sender", id: "1-1" };
	const here: number[] = [];
	const elsewhere: number[] = [];
	const left: number[] = [];
	for (let round = 0; round < rounds; round++) {
		here.push(
			costOf(
				n => `session-${(n * STEP) % sessions}`,
				({ sessionId, eventName }) => {
					if (registry.select(sessionId, eventName).size !== 1) throw new Error("not found");
				}
			)
		);
		const before = ownUsage({ collect: true }).heap ?? 0;
		elsewhere.push(
			costOf(
				n => `elsewhere-${round}-${n}`,
				event => fanOut.receive(event, from)
			)
		);
		left.push(((ownUsage({ collect: true }).heap ?? 0) - before) / (MESSAGES * EVENTS));
	}
	return { here: median(here), elsewhere: median(elsewhere), left: Math.max(0, median(left)) };
}

interface Parsed {
	readonly sessionId: string;
	readonly eventName: string;
	readonly payload: unknown;
}

/** Microseconds that an event takes, without its parsing. */
function costOf(sessionOf: (n: number) => string, take: (event: Parsed) => void): number {
	let time = 0;
	for (let message = 0; message < MESSAGES; message++) {
		const text = JSON.stringify(
			Array.from({ length: EVENTS }, (_, n) => ({
				eventName: "news",
				sessionId: sessionOf(message * EVENTS + n),
				payload: { n }
			}))
		);
		const events: Parsed[] = JSON.parse(text);
		const began = performance.now();
		for (const event of events) take(event);
		time += performance.now() - began;
	}
	return (time * 1000) / (MESSAGES * EVENTS);
}
