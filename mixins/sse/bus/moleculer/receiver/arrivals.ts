import { guard } from "../../../core/errors/guard.ts";
import { type EventId, encodeOrigin } from "../../../core/event/event-id.ts";
import type { HostService } from "../../../moleculer/host-service.ts";
import { lookUp } from "../../../moleculer/transporter/look-up.ts";
import { UNKNOWN_SENDER } from "../../loss.ts";
import { GoneNodes } from "../discovery/gone-nodes.ts";
import { SenderDiscovery } from "../discovery/sender-discovery.ts";
import { type Departure, Witnesses } from "../discovery/witnesses.ts";
import { type GoneSender, type PositionReport, readReport } from "../position-report.ts";
import type { RegistryNode } from "../registry-node.ts";
import { ENDED, type Ended } from "../sender/gone-senders.ts";
import type { Consequences } from "../tracking/consequences.ts";
import { SequenceTracker } from "../tracking/sequence-tracker.ts";
import { LossTimer } from "./loss-timer.ts";
import { lifeOfReport, speakerOf } from "./speaker.ts";

export interface ArrivalsListener<T> extends Omit<Consequences<T>, "failed"> {
	/** What {@link Arrivals.isWhole} says may be another. */
	changed(): void;
}

/** Events that come as Moleculer events, in the order in which they were sent, and what is known of those that do not come. */
export class Arrivals<T> {
	readonly tracker: SequenceTracker<T>;
	readonly #discovery: SenderDiscovery;
	readonly #service: HostService;
	readonly #listener: ArrivalsListener<T>;
	readonly #gone: GoneNodes;
	readonly #witnesses = new Witnesses();
	readonly #lossTimer: LossTimer;
	/** What is heard now is said by another process than the one that Moleculer takes to be there. */
	#isOtherSpeaking = false;
	#unlisten: (() => void) | undefined;

	constructor(service: HostService, listener: ArrivalsListener<T>) {
		this.#service = service;
		this.#listener = listener;
		this.tracker = new SequenceTracker({
			handOn: item => listener.handOn(item),
			lost: loss => listener.lost(loss),
			failed: error => service.logger.error("SSE: an event was lost in this gateway.", error),
			replaced: origin => this.#discovery.doubt(decodeURIComponent(origin), this.#isOtherSpeaking)
		});
		this.#lossTimer = new LossTimer(
			() => this.tracker.nextDecision,
			() => {
				this.tracker.decide(performance.now());
				this.#listener.changed();
			},
			error => service.logger.error("SSE: lost events were not told.", error)
		);
		this.#discovery = new SenderDiscovery(service, {
			changed: () => this.#look(),
			wasAway: () => this.#wasAway(),
			met: (nodeID, instance) => this.#witnesses.meet(nodeID, instance, performance.now()),
			replaced: (nodeID, before, instance) => {
				this.#gone.miss(nodeID, before);
				this.#gone.meet(nodeID, instance);
			}
		});
		this.#gone = new GoneNodes(this.tracker, this.#discovery);
	}

	/** `performance.now()` before which nothing is known of when something was sent: the machine was suspended then. */
	get awakeSince(): number {
		return this.#discovery.awakeSince;
	}

	/** Whether the senders' events come here. */
	get hearsAll(): boolean {
		return this.#discovery.isComplete;
	}

	/** Whether senders are being asked where they are, and are likely to answer. */
	get isMeeting(): boolean {
		if (this.#discovery.isAway) return false;
		return !this.#discovery.isComplete || this.tracker.isMeeting;
	}

	/** Whether all that was sent before what has come has come, as far as can be known. */
	get isWhole(): boolean {
		const isWhole = this.#gone.areSettled && this.#witnesses.areHeard && this.tracker.isWhole;
		return isWhole && this.#discovery.isComplete && !this.#discovery.isAsking;
	}

	/** Listens, again if it does already. */
	start(): void {
		this.stop();
		const { localBus } = this.#service.broker;
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: a node's end was not noticed.", error);
		const leave = guard(onFault, ({ node }: { node: RegistryNode }) => {
			this.#discovery.noticeLoss();
			this.#witnesses.left(node.id, performance.now());
			this.#gone.miss(node.id, node.instanceID);
			this.#discovery.left(node.id);
		});
		const meet = guard(onFault, ({ node }: { node: RegistryNode }) => {
			this.#gone.meet(node.id, node.instanceID);
		});
		localBus.on("$node.disconnected", leave);
		localBus.on("$node.connected", meet);
		this.#unlisten = () => {
			localBus.off("$node.disconnected", leave);
			localBus.off("$node.connected", meet);
		};
		this.#discovery.start();
	}

	stop(): void {
		this.#unlisten?.();
		this.#unlisten = undefined;
		this.#discovery.stop();
		this.#lossTimer.stop();
	}

	/** An event has arrived. @param bytes What it takes while it waits for others. */
	take(id: EventId, item: T, bytes: number): void {
		this.tracker.observe(id, item, performance.now(), bytes);
		if (!this.tracker.isWhole) this.#lossTimer.schedule();
	}

	/** A node has said how far its events have come. Other input is passed over. */
	hear(input: unknown, nodeID: string): void {
		const report = readReport(input);
		if (report === undefined) return;
		const isOther = nodeID !== this.#service.broker.nodeID;
		this.#discovery.noticeSleep();
		if (isOther) this.#discovery.hearsOther();
		const speaker = speakerOf(this.#service.broker, nodeID, report.instance);
		if (speaker === "other" && !report.isEnd) lookUp(this.#service.broker, nodeID);
		if (report.of !== undefined) return;
		this.#noteEnd(nodeID, report);
		const origin = encodeOrigin(nodeID);
		// Whoever had that name before was asked as well.
		const isAnswer = speaker !== "other" && this.#discovery.isAnswered(report.answers);
		this.#isOtherSpeaking = speaker === "other";
		const isOfPresent = this.tracker.hear(origin, report, performance.now(), {
			isCurrent: isAnswer,
			life: lifeOfReport(speaker, report.isEnd, isAnswer),
			// Within a node nothing overtakes.
			...(!isOther && { patience: 0 })
		});
		this.#isOtherSpeaking = false;
		// A report may be of one of several sequences.
		const isAll = this.tracker.lives.isFresh(origin);
		if (isOfPresent) {
			if (isOther) this.#learn(report, isAnswer);
			if (isAll && speaker !== "other" && this.#gone.answer(nodeID)) {
				const before = performance.now() - report.up;
				this.#listener.lost({ origin, before, isEarlier: false });
			}
		}
		// What it said before it went may come afterwards.
		if (report.isEnd) {
			this.#gone.end(nodeID, report.instance, this.tracker.lives.isComplete(origin));
		}
		if (isOfPresent) {
			if (report.isEnd && isAll) this.#discovery.ended(nodeID, report.instance);
			// Behind what it says, which counts from the same moment on.
			else this.#discovery.heard(nodeID, isAnswer && isAll);
		}
		this.#lossTimer.schedule();
		this.#listener.changed();
	}

	/** Of a process that has said where it ends nothing is unknown. Other gateways may not have heard it: this node's sender tells them. */
	#noteEnd(nodeID: string, { isEnd, instance, seq }: PositionReport): void {
		const { broker } = this.#service;
		if (!isEnd || instance === undefined || nodeID === broker.nodeID) return;
		this.#witnesses.end(nodeID, instance);
		broker.localBus.emit(ENDED, { nodeID, instance, hasSent: seq > 0 } satisfies Ended);
	}

	/** Takes what another node says of others. */
	#learn({ gone, here }: PositionReport, isAnswer: boolean): void {
		this.#hearOf(gone);
		if (!isAnswer) return;
		this.#expect(here);
		this.#witnesses.answer();
	}

	/** Another node tells of senders that have come and gone; what they sent while they were not known here has not come. */
	#hearOf(gone: readonly GoneSender[]): void {
		const now = performance.now();
		const departures: Departure[] = [];
		for (const sender of gone) {
			const { nodeID, instance, ago } = sender;
			// Before this gateway there was another process of this node.
			if (nodeID === this.#service.broker.nodeID) continue;
			if (this.#gone.isSuspected(nodeID, instance)) continue;
			// Before that nothing is known of when something was.
			departures.push({ ...sender, at: Math.max(now - ago, this.awakeSince) });
		}
		for (const { nodeID, at } of this.#witnesses.newsOf(departures)) this.#missUnmet(nodeID, at);
	}

	#missUnmet(nodeID: string, before: number): void {
		this.#listener.lost({ origin: encodeOrigin(nodeID), before, isEarlier: true });
	}

	/**
	 * Senders that another node takes to be there, and that are not there here, come or are gone: they may have died, or be cut off
	 * from this gateway alone.
	 */
	#expect(here: PositionReport["here"]): void {
		const now = performance.now();
		for (const [nodeID, instance] of here) {
			if (nodeID === this.#service.broker.nodeID) continue;
			if (this.#witnesses.isAccounted(nodeID, instance, now)) continue;
			const present = this.#discovery.processOf(nodeID);
			// It is there, and its services come.
			if (present?.instance === instance) continue;
			const isKnown = this.#witnesses.hasMet(nodeID, instance);
			this.#witnesses.account(nodeID, instance, now);
			if (present === undefined) this.#gone.suspect(nodeID, instance);
			// Another process has taken its place, and was met here.
			else if (!isKnown) this.#missUnmet(nodeID, present.at);
		}
	}

	/** What is known of who has sent nothing, and who has gone, is from before. */
	#wasAway(): void {
		this.tracker.lives.away();
		this.#witnesses.wasAway(performance.now());
		this.#gone.away();
	}

	#look(): void {
		const now = performance.now();
		this.#gone.look((nodeID, instance) => {
			if (instance) this.#witnesses.account(nodeID, instance, now);
		});
		if (!this.#discovery.isAway && this.#witnesses.giveUp(now)) {
			this.#listener.lost({ origin: UNKNOWN_SENDER, before: now, isEarlier: false });
		}
		this.#listener.changed();
	}
}
