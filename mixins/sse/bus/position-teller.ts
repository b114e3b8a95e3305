import type { ServiceBroker } from "moleculer";
import { guard, toError } from "../core/guard.ts";
import { HELLO, POSITION, readHello, type SsePosition } from "../core/report.ts";
import type { Sequence, Sequences } from "../core/sequences.ts";
import { isConnected, onConnected } from "../moleculer/transporter.ts";

/** Name of the service by which a sender hears that a gateway asks. */
export const SENDER_SERVICE = "$sse";

/** Milliseconds after the last event until its number is told; each time doubles them. */
const FIRST = 1000;
const LAST = 60_000;
/** Milliseconds within which those who ask are answered together. */
const TOGETHER = 20;

/**
 * Tells the gateways how far this node's events have come, on the way that the events go: once it has been quiet, again and
 * again, when it meets a gateway, when it is connected anew, when it is asked, and when it stops. By that a gateway notices that
 * it has not got the last ones.
 *
 * A node that has not sent anything answers, and is silent otherwise.
 */
export class PositionTeller {
	readonly #broker: ServiceBroker;
	readonly #sequences: Sequences;
	readonly #bornAt = performance.now();
	#interval = FIRST;
	#timer: NodeJS.Timeout | undefined;
	#answer: NodeJS.Timeout | undefined;

	constructor(broker: ServiceBroker, sequences: Sequences) {
		this.#broker = broker;
		this.#sequences = sequences;
	}

	/** To be called once, when the broker is created. */
	listen(): void {
		const { localBus } = this.#broker;
		const onFault = (error: Error): void =>
			this.#broker.logger.error("SSE: the gateways were not told of a position.", error);
		const meet = guard(onFault, ({ node }: { node: { id: string } }) => {
			if (this.#isGateway(node.id)) this.#tell();
		});
		localBus.on("$node.connected", meet);
		localBus.on("$node.updated", meet);
		onConnected(
			this.#broker,
			guard(onFault, () => this.#reconnected())
		);
		// In the same turn, before the node says that it leaves.
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
						const to = readHello(ctx.params)?.to;
						if (to !== undefined && !to.includes(nodeID)) return;
						// A gateway of this node waits for it before it opens its streams.
						if (ctx.nodeID === nodeID) this.#tell({ isAnswer: true });
						else this.#answerSoon();
					}
				}
			}
		} as never);
	}

	/** An event of a sequence is sent. */
	sent(sequence: Sequence): void {
		sequence.sentAt = performance.now();
		if (this.#timer === undefined || this.#interval > FIRST) this.#begin();
	}

	#reconnected(): void {
		if (this.#sequences.sentAt === Number.NEGATIVE_INFINITY) return;
		this.#tell();
		this.#begin();
	}

	#begin(): void {
		clearTimeout(this.#timer);
		this.#interval = FIRST;
		this.#schedule(FIRST);
	}

	#schedule(delay: number): void {
		const next = (): void => {
			const quietFor = performance.now() - this.#sequences.sentAt;
			// A timer may come a moment too early.
			const isQuiet = quietFor >= FIRST - 1;
			if (isQuiet) {
				this.#tell();
				this.#interval = Math.min(this.#interval * 2, LAST);
			}
			this.#schedule(isQuiet ? this.#interval : FIRST - quietFor);
		};
		this.#timer = setTimeout(next, delay).unref();
	}

	#answerSoon(): void {
		this.#answer ??= setTimeout(() => {
			this.#answer = undefined;
			this.#tell({ isAnswer: true });
		}, TOGETHER).unref();
	}

	#end(): void {
		clearTimeout(this.#timer);
		clearTimeout(this.#answer);
		this.#timer = undefined;
		this.#answer = undefined;
		this.#tell({ end: true });
	}

	#isGateway(nodeID: string): boolean {
		const endpoints = this.#broker.registry.events.getAllEndpoints(POSITION);
		return endpoints.some(({ id }: { id: string }) => id === nodeID);
	}

	/** Tells of each sequence. Those that were never used are told to who asks. */
	#tell({ isAnswer = false, end = false }: { isAnswer?: boolean; end?: boolean } = {}): void {
		const now = performance.now();
		for (const { groups, ids, sentAt } of this.#sequences) {
			const { epoch, seq } = ids.position;
			if (seq === 0 && !isAnswer) continue;
			// Rounded down: what is older than it says is told to nobody who has not missed it.
			const age = Math.floor(Math.max(0, now - sentAt));
			const up = Math.floor(now - this.#bornAt);
			const position: SsePosition = { epoch, seq, age: seq === 0 ? 0 : age, up };
			if (end) position.end = true;
			this.#send(position, groups);
		}
	}

	#send(position: SsePosition, groups: readonly string[] | undefined): void {
		const options = groups === undefined ? {} : { groups: [...groups] };
		const complain = (thrown: unknown): void =>
			this.#broker.logger.debug(`SSE: a position was not told: ${toError(thrown).message}`);
		try {
			// Moleculer would log an error for each node that cannot be told.
			const sent = isConnected(this.#broker)
				? this.#broker.broadcast(POSITION, position, options)
				: this.#broker.broadcastLocal(POSITION, position, options);
			Promise.resolve(sent).catch(complain);
		} catch (error) {
			complain(error);
		}
	}
}
