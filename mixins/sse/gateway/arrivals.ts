import { type Consequences, Continuity, type Loss } from "../core/continuity.ts";
import { guard } from "../core/guard.ts";
import { type EventId, encodeOrigin } from "../core/id.ts";
import { type GoneSender, readReport } from "../core/report.ts";
import { Introductions } from "./introductions.ts";
import type { GatewayService } from "./types.ts";
import { Witnesses } from "./witnesses.ts";

/** Milliseconds with a connection after which a node that has gone without saying that it ends counts as ended. */
const GONE = 30_000;
/** Milliseconds for which it is remembered who has gone that had sent nothing: it may turn out that nothing was heard then. */
const UNNOTICED = 120_000;

/** A node that has gone. */
interface Gone {
	at: number;
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
	/** Nodes that have gone without a word, and, as far as was heard, without having sent anything; and when. */
	readonly #quiet = new Map<string, number>();
	readonly #witnesses = new Witnesses();
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
			wasAway: () => this.#wasAway(),
			met: (nodeID, instance) => this.#witnesses.meet(nodeID, instance),
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

	/** Whether senders are being asked where they are, and are likely to answer. */
	get isMeeting(): boolean {
		if (this.#introductions.isAway) return false;
		return !this.#introductions.isComplete || this.continuity.isMeeting;
	}

	/** Whether all that was sent before what has come has come, as far as can be known. */
	get isWhole(): boolean {
		const isWhole = this.#gone.size === 0 && this.#witnesses.areHeard && this.continuity.isWhole;
		return isWhole && this.#introductions.isComplete;
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
		const { isEnd, gone } = report;
		const isOther = nodeID !== this.#service.broker.nodeID;
		const origin = encodeOrigin(nodeID);
		this.#introductions.noticeSleep();
		if (report.of !== undefined) return;
		const isAnswer = this.#introductions.isAnswered(report.answers);
		// Within a node nothing overtakes.
		this.continuity.hear(origin, report, performance.now(), isOther ? undefined : 0);
		if (isOther) this.#hearOf(gone);
		if (isOther && isAnswer) this.#witnesses.answer();
		// What it said before it went may come afterwards, and a report may be of one of several sequences.
		const isAll = this.continuity.isFresh(origin);
		const isBack = this.#gone.get(nodeID)?.isBack === true && isAll;
		if (isBack || (isEnd && this.continuity.isComplete(origin))) this.#gone.delete(nodeID);
		if (isEnd && isAll) this.#introductions.left(nodeID);
		// Behind what it says, which counts from the same moment on.
		else this.#introductions.heard(nodeID, isAnswer && isAll);
		this.#schedule();
		this.#listener.changed();
	}

	/** Another node tells of senders that have come and gone; of those that are not known here nothing has come. */
	#hearOf(gone: readonly GoneSender[]): void {
		const now = performance.now();
		for (const { nodeID, ago } of this.#witnesses.unmetOf(gone)) {
			this.#listener.lost({
				origin: encodeOrigin(nodeID),
				before: now - ago,
				isEarlier: true
			});
		}
	}

	/** What is known of who has sent nothing, and who has gone, is from before. */
	#wasAway(): void {
		const now = performance.now();
		this.continuity.away();
		this.#witnesses.wasAway(now);
		for (const [nodeID, at] of this.#quiet) {
			if (now - at < UNNOTICED) this.#gone.set(nodeID, { at: now, wasAsked: true, isBack: false });
		}
		this.#quiet.clear();
		for (const gone of this.#gone.values()) gone.at = now;
	}

	/** A node is gone: unless it has said where it ends, and all of that has come, something may be missing. */
	#miss(nodeID: string, isBack: boolean): void {
		this.#introductions.noticeLoss();
		const wasAsked = this.#introductions.isAwaited(nodeID);
		const origin = encodeOrigin(nodeID);
		if (wasAsked || !this.continuity.isComplete(origin)) {
			this.#gone.set(nodeID, { at: performance.now(), wasAsked, isBack });
		} else if (!this.continuity.hasEnded(origin)) {
			this.#quiet.set(nodeID, performance.now());
		}
	}

	#look(): void {
		const now = performance.now();
		for (const [nodeID, at] of this.#quiet) if (now - at >= UNNOTICED) this.#quiet.delete(nodeID);
		const { isAway } = this.#introductions;
		for (const [nodeID, { at, wasAsked, isBack }] of this.#gone) {
			const origin = encodeOrigin(nodeID);
			// Its last packet may come behind the news that it has gone.
			const isOver = !wasAsked && this.continuity.isComplete(origin);
			// One that is back is asked until it answers.
			if (!isOver && (isBack || now - at < GONE || isAway)) continue;
			this.#gone.delete(nodeID);
			if (!isOver) this.continuity.leave(origin, now, wasAsked);
		}
		if (!isAway && this.#witnesses.giveUp(now)) {
			this.#listener.lost({ origin: NOBODY, before: now, isEarlier: false });
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

/** Origin of what may have been sent by nodes that nobody can tell of. */
const NOBODY = "";

/** A line for the log. */
export function describeLoss({ origin, upTo, isEarlier }: Loss): string {
	if (origin === NOBODY)
		return "SSE: this node was not connected, and no other can tell what was sent meanwhile.";
	if (upTo === undefined)
		return `SSE: '${origin}' has ended unheard: it may have sent events that did not come here.`;
	if (isEarlier)
		return `SSE: '${origin}' has sent events, up to its event ${upTo}, that did not come here: it did not know of this gateway yet.`;
	return `SSE: the bus has lost events of '${origin}', up to its event ${upTo}.`;
}
