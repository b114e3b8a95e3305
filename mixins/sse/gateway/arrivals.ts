import { type Consequences, Continuity, type Loss } from "../core/continuity.ts";
import { guard } from "../core/guard.ts";
import { type EventId, encodeOrigin } from "../core/id.ts";
import { readReport } from "../core/report.ts";
import { hearsOthers } from "../moleculer/transporter.ts";
import { Introductions } from "./introductions.ts";
import type { GatewayService } from "./types.ts";

/** Milliseconds after which a node that has gone without saying that it ends counts as ended. */
const GONE = 30_000;

/** A node that has gone. */
interface Gone {
	readonly at: number;
	/** It was asked where it is, and had not answered. */
	readonly wasAsked: boolean;
	/** It, or another process in its place, is back, and has not said yet where it is. */
	isBack: boolean;
}

export interface ArrivalsListener<T> extends Omit<Consequences<T>, "failed"> {
	/** What {@link Arrivals.isWhole} says may be another. */
	changed(): void;
}

/** Events that come as Moleculer events, in the order in which they were sent, and what is known of those that do not come. */
export class Arrivals<T> {
	readonly continuity: Continuity<T>;
	readonly #introductions: Introductions;
	readonly #service: GatewayService;
	readonly #listener: ArrivalsListener<T>;
	/** Nodes that have gone, and when. */
	readonly #gone = new Map<string, Gone>();
	#decision: NodeJS.Timeout | undefined;
	#decidesAt = Number.POSITIVE_INFINITY;
	#unlisten: (() => void) | undefined;

	constructor(service: GatewayService, listener: ArrivalsListener<T>) {
		this.#service = service;
		this.#listener = listener;
		this.continuity = new Continuity({
			handOn: item => listener.handOn(item),
			lost: loss => listener.lost(loss),
			failed: error => service.logger.error("SSE: an event was lost in this gateway.", error)
		});
		this.#introductions = new Introductions(service, {
			changed: () => this.#look(),
			wasAway: () => this.continuity.away(),
			replaced: nodeID => this.#miss(nodeID, true)
		});
	}

	/** `performance.now()` before which nothing is known of when something was sent: the machine was suspended then. */
	get awakeSince(): number {
		return this.#introductions.awakeSince;
	}

	/** Whether the senders' events come here. */
	get hearsAll(): boolean {
		return this.#introductions.isComplete;
	}

	/** Whether all that was sent before what has come has come, as far as can be known. */
	get isWhole(): boolean {
		return this.#gone.size === 0 && this.continuity.isWhole && this.#introductions.isComplete;
	}

	/** Listens, again if it does already. */
	start(): void {
		this.stop();
		const { localBus } = this.#service.broker;
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: a node's end was not noticed.", error);
		const leave = guard(onFault, ({ node }: { node: { id: string } }) => {
			this.#miss(node.id, false);
			this.#introductions.left(node.id);
		});
		const meet = guard(onFault, ({ node }: { node: { id: string } }) => {
			const gone = this.#gone.get(node.id);
			if (gone !== undefined) gone.isBack = true;
		});
		localBus.on("$node.disconnected", leave);
		localBus.on("$node.connected", meet);
		this.#unlisten = () => {
			localBus.off("$node.disconnected", leave);
			localBus.off("$node.connected", meet);
		};
		this.#introductions.start();
	}

	stop(): void {
		this.#unlisten?.();
		this.#unlisten = undefined;
		this.#introductions.stop();
		clearTimeout(this.#decision);
		this.#decidesAt = Number.POSITIVE_INFINITY;
	}

	/** An event has arrived. @param bytes What it takes while it waits for others. */
	take(id: EventId, item: T, bytes: number): void {
		this.continuity.observe(id, item, performance.now(), bytes);
		if (!this.continuity.isWhole) this.#schedule();
	}

	/** A node has said how far its events have come. Other input is passed over. */
	hear(input: unknown, nodeID: string): void {
		const report = readReport(input);
		if (report === undefined) return;
		this.#introductions.noticeSleep();
		// What it said before it went may come afterwards.
		if (report.isEnd || this.#gone.get(nodeID)?.isBack) this.#gone.delete(nodeID);
		// Within a node nothing overtakes.
		const patience = nodeID === this.#service.broker.nodeID ? 0 : undefined;
		this.continuity.hear(encodeOrigin(nodeID), report, performance.now(), patience);
		// Behind what it says, which counts from the same moment on.
		this.#introductions.heard(nodeID);
		this.#schedule();
		this.#listener.changed();
	}

	/** A node is gone: unless it has said where it ends, and all of that has come, something may be missing. */
	#miss(nodeID: string, isBack: boolean): void {
		const wasAsked = this.#introductions.isAwaited(nodeID);
		if (!wasAsked && this.continuity.isComplete(encodeOrigin(nodeID))) return;
		this.#gone.set(nodeID, { at: performance.now(), wasAsked, isBack });
	}

	#look(): void {
		const now = performance.now();
		for (const [nodeID, { at, wasAsked }] of this.#gone) {
			const origin = encodeOrigin(nodeID);
			// Its last packet may come behind the news that it has gone.
			const isOver = !wasAsked && this.continuity.isComplete(origin);
			if (!isOver && (now - at < GONE || !hearsOthers(this.#service.broker))) continue;
			this.#gone.delete(nodeID);
			if (!isOver) this.continuity.leave(origin, now, wasAsked);
		}
		this.#listener.changed();
	}

	#schedule(): void {
		const next = this.continuity.nextDecision;
		if (next >= this.#decidesAt) return;
		clearTimeout(this.#decision);
		this.#decidesAt = next;
		const decide = guard(
			(error: Error) => this.#service.logger.error("SSE: lost events were not told.", error),
			() => {
				this.#decidesAt = Number.POSITIVE_INFINITY;
				this.continuity.decide(performance.now());
				this.#schedule();
				this.#listener.changed();
			}
		);
		if (next < Number.POSITIVE_INFINITY)
			this.#decision = setTimeout(decide, Math.max(1, next - performance.now())).unref();
	}
}

/** A line for the log. */
export function describeLoss({ origin, upTo, isEarlier }: Loss): string {
	if (upTo === undefined)
		return `SSE: '${origin}' has ended unheard: it may have sent events that did not come here.`;
	if (isEarlier)
		return `SSE: '${origin}' has sent events, up to its event ${upTo}, that did not come here: it did not know of this gateway yet.`;
	return `SSE: the bus has lost events of '${origin}', up to its event ${upTo}.`;
}
