import type { ServiceBroker } from "moleculer";
import { guard, reasonOf } from "../../../core/errors/guard.ts";
import { isConnected, onConnected } from "../../../moleculer/transporter/transporter-health.ts";
import {
	type GoneSender,
	HELLO,
	NEXT_REPORT,
	POSITION,
	readHello,
	type SsePosition
} from "../position-report.ts";
import { GoneSenders } from "./gone-senders.ts";
import { MetGateways } from "./met-gateways.ts";
import { type AskedTogether, PendingQuestions } from "./pending-questions.ts";
import { QuietSequences } from "./quiet-sequences.ts";
import { isMain, type Sequence } from "./sequences.ts";
import { Strangers } from "./strangers.ts";

/** Name of the service with which a sender hears gateways' questions. */
export const SENDER_SERVICE = "$sse";

/**
 * Milliseconds for which reports name the senders that have come and left: a gateway may not notice that it was cut off. Those that
 * left long ago are named once in so many milliseconds only, and whenever a gateway is met or asks.
 */
const RECENTLY = 180_000;
const JUST_NOW = 10_000;
const ALL_EVERY = 60_000;

/** What a report says besides its position. */
interface How extends Partial<AskedTogether> {
	readonly end?: boolean;
	/** Whether it is made because it is time for one. */
	readonly isDue?: boolean;
}

/**
 * Reports to the gateways how far this node's events have come, over the path that the events take: every few seconds, when it
 * meets a gateway, after a reconnect, when it is asked, and when it stops. From the reports a gateway notices that it missed the
 * last events, and from their absence that it may have. Each sequence counts as quiet by itself, so that a busy one does not hide
 * the last event of another.
 */
export class PositionAnnouncer {
	readonly #broker: ServiceBroker;
	readonly #sequences: Iterable<Sequence>;
	readonly #gone: GoneSenders;
	readonly #gateways: MetGateways;
	/**
	 * The first moment at which this process could send to others. Until then an earlier process of this node may have sent.
	 */
	#bornAt = performance.now();
	#wasConnected = false;
	/** Whether it has reported its end. If it is started again, it must report that too. */
	#hasEnded = false;
	readonly #quiet = new QuietSequences((sequence, now) =>
		this.#tellOf(sequence, now, { isDue: true })
	);
	readonly #questions = new PendingQuestions(how => this.#tell(how));
	readonly #strangers: Strangers;
	/** `performance.now()` at which a report that was due last named all senders that have left. */
	#namedAllAt = Number.NEGATIVE_INFINITY;

	constructor(broker: ServiceBroker, sequences: Iterable<Sequence>) {
		this.#broker = broker;
		this.#sequences = sequences;
		this.#gone = new GoneSenders(broker, SENDER_SERVICE);
		this.#gateways = new MetGateways(broker, () => this.#tell());
		this.#strangers = new Strangers(broker);
	}

	/** Call this once, when the broker is created. */
	listen(): void {
		const { localBus } = this.#broker;
		const onFault = (error: Error): void =>
			this.#broker.logger.error("SSE: cannot report this node's position to the gateways.", error);
		this.#gone.listen();
		this.#gateways.listen(onFault);
		onConnected(
			this.#broker,
			guard(onFault, () => this.#reconnected())
		);
		// Runs in the same turn, before the node announces that it leaves.
		localBus.on(
			"$transporter.disconnected",
			guard(onFault, () => this.#end())
		);
		const { nodeID } = this.#broker;
		this.#broker.createService({
			name: SENDER_SERVICE,
			events: {
				[HELLO]: {
					context: true,
					tracing: false,
					bulkhead: { enabled: false },
					handler: (ctx: { params: unknown; nodeID: string | null }) => {
						const hello = readHello(ctx.params);
						if (hello === undefined || hello.to?.includes(nodeID) === false) return;
						const { id, away = 0 } = hello;
						// A gateway of this node waits for the answer before it opens its streams.
						if (ctx.nodeID === nodeID) this.#tell({ answers: [id] });
						else this.#questions.add(id, away);
						if (ctx.nodeID === null) return;
						if (this.#gateways.isGateway(ctx.nodeID)) this.#strangers.forget(ctx.nodeID);
						else this.#strangers.asks(ctx.nodeID);
					}
				}
			}
		} as never);
	}

	/** Call this before an event gets its number: collected gateways first learn how old the events before it are. */
	prepare(): void {
		this.#gateways.tellCollected();
	}

	/** Notes that an event of a sequence is being sent. */
	sent(sequence: Sequence): void {
		const now = performance.now();
		sequence.sentAt = now;
		this.#quiet.begin(sequence, now);
	}

	#reconnected(): void {
		const now = performance.now();
		if (!this.#wasConnected) this.#bornAt = now;
		this.#wasConnected = true;
		this.#tell();
		for (const sequence of this.#sequences) {
			const isUsed = sequence.sentAt > Number.NEGATIVE_INFINITY;
			if (isUsed || isMain(sequence)) this.#quiet.begin(sequence, now);
		}
	}

	/** Also answers the pending questions; the gateways that asked would wait for ever. */
	#end(): void {
		this.#quiet.clear();
		this.#gateways.stop();
		this.#tell({ ...this.#questions.take(), end: true });
		this.#hasEnded = true;
	}

	/**
	 * Reports every sequence. An unused one of events is reported only in an answer, at the end, or after a restart; an unused one
	 * of revocations never.
	 */
	#tell(how: How = {}): void {
		const now = performance.now();
		for (const sequence of this.#sequences) this.#tellOf(sequence, now, how);
	}

	#tellOf(
		sequence: Sequence,
		now: number,
		{ answers = [], away = 0, end = false, isDue = false }: How = {}
	): void {
		const { groups, ids, of, sentAt } = sequence;
		const { epoch, seq } = ids.position;
		const apart = isMain(sequence) ? this.#apart(now) : [];
		const isNews = answers.length > 0 || end || (this.#hasEnded && !isDue) || apart.length > 0;
		if (seq === 0 && (of !== undefined || !isNews)) return;
		const gone = isMain(sequence) ? this.#toName(now, away, isDue) : [];
		const age = ageOf(sentAt, now);
		const up = Math.floor(now - this.#bornAt);
		const { instanceID: instance } = this.#broker;
		const position: SsePosition = { epoch, seq, instance, age: seq === 0 ? 0 : age, up };
		if (end) position.end = true;
		else if (isMain(sequence) && (seq > 0 || apart.length > 0)) position.next = NEXT_REPORT;
		if (apart.length > 0) position.apart = apart;
		if (of !== undefined) position.of = of;
		else if (answers.length > 0) position.re = answers;
		if (gone.length > 0) {
			position.gone = gone.map(({ nodeID, instance, ago, hasSent }) =>
				hasSent ? [nodeID, instance, ago, true] : [nodeID, instance, ago]
			);
		}
		if (isMain(sequence) && away > 0) position.here = this.#gone.here;
		this.#send(position, groups);
	}

	/** How far the sequences have come that go to some groups only. */
	#apart(now: number): NonNullable<SsePosition["apart"]> {
		return [...this.#sequences].flatMap(({ groups, of, ids, sentAt }) => {
			const { epoch, seq } = ids.position;
			const isUsed = groups !== undefined && of === undefined && seq > 0;
			return isUsed ? [[groups, epoch, seq, ageOf(sentAt, now)] as const] : [];
		});
	}

	/** The departed senders that a report names. @param away See {@link AskedTogether}. */
	#toName(now: number, away: number, isDue: boolean): GoneSender[] {
		const isBrief = isDue && now - this.#namedAllAt < ALL_EVERY;
		if (isDue && !isBrief) this.#namedAllAt = now;
		return this.#gone.within(isBrief ? JUST_NOW : Math.max(away, RECENTLY));
	}

	#send(position: SsePosition, groups: readonly string[] | undefined): void {
		const options = groups === undefined ? {} : { groups: [...groups] };
		const complain = (thrown: unknown): void =>
			this.#broker.logger.debug(`SSE: a position was not sent: ${reasonOf(thrown)}`);
		try {
			// Moleculer would log an error for each node that it cannot reach.
			const sent = isConnected(this.#broker)
				? this.#broker.broadcast(POSITION, position, options)
				: this.#broker.broadcastLocal(POSITION, position, options);
			Promise.resolve(sent).catch(complain);
		} catch (error) {
			complain(error);
		}
	}
}

/** Rounded down: a greater age would place the event before streams that have missed it, and they would not be reset. */
function ageOf(sentAt: number, now: number): number {
	return Math.floor(Math.max(0, now - sentAt));
}
