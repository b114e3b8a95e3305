import { type Consequences, Continuity, type Loss } from "../core/continuity.ts";
import { guard } from "../core/guard.ts";
import { type EventId, encodeOrigin } from "../core/id.ts";
import { type GoneSender, type Report, readReport } from "../core/report.ts";
import { Decision } from "./decision.ts";
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
	/** Which process it was. */
	readonly instance: string | null | undefined;
	/** It is another process that is back. */
	isReplaced: boolean;
}

/** A node of Moleculer's registry. */
interface Node {
	readonly id: string;
	readonly instanceID?: string | null;
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
	readonly #decision: Decision;
	#unlisten: (() => void) | undefined;

	constructor(service: GatewayService, listener: ArrivalsListener<T>) {
		this.#service = service;
		this.#listener = listener;
		this.continuity = new Continuity({
			handOn: item => listener.handOn(item),
			lost: loss => listener.lost(loss),
			failed: error => service.logger.error("SSE: an event was lost in this gateway.", error)
		});
		this.#decision = new Decision(
			() => this.continuity.nextDecision,
			() => {
				this.continuity.decide(performance.now());
				this.#listener.changed();
			},
			error => service.logger.error("SSE: lost events were not told.", error)
		);
		this.#introductions = new Introductions(service, {
			changed: () => this.#look(),
			wasAway: () => this.#wasAway(),
			met: (nodeID, instance) => this.#witnesses.meet(nodeID, instance),
			replaced: nodeID => {
				this.#miss(nodeID, undefined);
				const gone = this.#gone.get(nodeID);
				if (gone !== undefined) gone.isBack = gone.isReplaced = true;
			}
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
		return isWhole && this.#introductions.isComplete && !this.#introductions.isAsking;
	}

	/** Listens, again if it does already. */
	start(): void {
		this.stop();
		const { localBus } = this.#service.broker;
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: a node's end was not noticed.", error);
		const leave = guard(onFault, ({ node }: { node: Node }) => {
			this.#witnesses.meet(node.id, node.instanceID);
			this.#miss(node.id, node.instanceID);
			this.#introductions.left(node.id);
		});
		const meet = guard(onFault, ({ node }: { node: Node }) => {
			// What it had not sent by then, its next life says of itself.
			this.#quiet.delete(node.id);
			const gone = this.#gone.get(node.id);
			if (gone === undefined) return;
			gone.isBack = true;
			gone.isReplaced ||= gone.instance !== node.instanceID;
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
		this.#decision.stop();
	}

	/** An event has arrived. @param bytes What it takes while it waits for others. */
	take(id: EventId, item: T, bytes: number): void {
		this.continuity.observe(id, item, performance.now(), bytes);
		if (!this.continuity.isWhole) this.#decision.schedule();
	}

	/** A node has said how far its events have come. Other input is passed over. */
	hear(input: unknown, nodeID: string): void {
		const report = readReport(input);
		if (report === undefined) return;
		const { isEnd, gone, here } = report;
		const isOther = nodeID !== this.#service.broker.nodeID;
		const origin = encodeOrigin(nodeID);
		this.#introductions.noticeSleep();
		if (report.of !== undefined) return;
		const isAnswer = this.#introductions.isAnswered(report.answers);
		// Within a node nothing overtakes.
		this.continuity.hear(origin, report, performance.now(), isOther ? undefined : 0);
		if (isOther) this.#hearOf(gone);
		if (isOther && isAnswer) this.#expect(here);
		if (isOther && isAnswer) this.#witnesses.answer();
		// What it said before it went may come afterwards, and a report may be of one of several sequences.
		const isAll = this.continuity.isFresh(origin);
		if (isEnd && this.continuity.isComplete(origin)) this.#gone.delete(nodeID);
		else if (isAll) this.#return(nodeID, report.up);
		if (isEnd && isAll) this.#introductions.left(nodeID);
		// Behind what it says, which counts from the same moment on.
		else this.#introductions.heard(nodeID, isAnswer && isAll);
		this.#decision.schedule();
		this.#listener.changed();
	}

	/** A node that had gone, or another process in its place, has said where it is. */
	#return(nodeID: string, up: number): void {
		const gone = this.#gone.get(nodeID);
		if (!gone?.isBack) return;
		this.#gone.delete(nodeID);
		// The one before was asked, and never said what it had sent.
		if (!gone.wasAsked || !gone.isReplaced) return;
		const origin = encodeOrigin(nodeID);
		this.#listener.lost({ origin, before: performance.now() - up, isEarlier: false });
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

	/** Senders that another node takes to be there, and that are not known here, come or are gone: they may have died. */
	#expect(here: Report["here"]): void {
		for (const [nodeID, instance] of here) {
			if (nodeID === this.#service.broker.nodeID || this.#witnesses.hasMet(nodeID, instance))
				continue;
			if (!this.#gone.has(nodeID)) this.#gone.set(nodeID, goneNow(instance, true));
		}
	}

	/** What is known of who has sent nothing, and who has gone, is from before. */
	#wasAway(): void {
		const now = performance.now();
		this.continuity.away();
		this.#witnesses.wasAway(now);
		for (const [nodeID, at] of this.#quiet) {
			if (now - at < UNNOTICED) this.#gone.set(nodeID, goneNow(undefined, true));
		}
		this.#quiet.clear();
		for (const gone of this.#gone.values()) gone.at = now;
	}

	/** A node is gone: unless it has said where it ends, and all of that has come, something may be missing. */
	#miss(nodeID: string, instance: string | null | undefined): void {
		this.#introductions.noticeLoss();
		const wasAsked = this.#introductions.isAwaited(nodeID);
		const origin = encodeOrigin(nodeID);
		if (wasAsked || !this.continuity.isComplete(origin)) {
			this.#gone.set(nodeID, goneNow(instance, wasAsked));
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
			// One that is back, and can be asked, is asked until it answers.
			const isAsked = isBack && this.#introductions.isAwaited(nodeID);
			if (!isOver && (isAsked || now - at < GONE || isAway)) continue;
			this.#gone.delete(nodeID);
			if (!isOver) this.continuity.leave(origin, now, wasAsked);
		}
		if (!isAway && this.#witnesses.giveUp(now)) {
			this.#listener.lost({ origin: NOBODY, before: now, isEarlier: false });
		}
		this.#listener.changed();
	}
}

function goneNow(instance: string | null | undefined, wasAsked: boolean): Gone {
	return { at: performance.now(), wasAsked, isBack: false, instance, isReplaced: false };
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
