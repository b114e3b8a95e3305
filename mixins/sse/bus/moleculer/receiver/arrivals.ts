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
	/** Called when {@link Arrivals.isWhole} may have changed. */
	changed(): void;
}

/** Puts the Moleculer events of each sender into the order in which they were sent, and tracks those that do not arrive. */
export class Arrivals<T> {
	readonly tracker: SequenceTracker<T>;
	readonly #discovery: SenderDiscovery;
	readonly #service: HostService;
	readonly #listener: ArrivalsListener<T>;
	readonly #gone: GoneNodes;
	readonly #witnesses = new Witnesses();
	readonly #lossTimer: LossTimer;
	/** Whether the current report comes from another process than the one that Moleculer knows under that node id. */
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

	/** `performance.now()` before which no time of sending is known, because the machine was suspended. */
	get awakeSince(): number {
		return this.#discovery.awakeSince;
	}

	/** Whether the events of all known senders reach this gateway. */
	get hearsAll(): boolean {
		return this.#discovery.isComplete;
	}

	/** Whether senders are being asked for their positions, and are likely to answer. */
	get isMeeting(): boolean {
		if (this.#discovery.isAway) return false;
		return !this.#discovery.isComplete || this.tracker.isMeeting;
	}

	/** Whether nothing is missing before what has arrived, as far as can be known. */
	get isWhole(): boolean {
		const isWhole = this.#gone.areSettled && this.#witnesses.areHeard && this.tracker.isWhole;
		return isWhole && this.#discovery.isComplete && !this.#discovery.isAsking;
	}

	/** Starts listening; restarts if it is listening already. */
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

	/** Takes an event that has arrived. @param bytes Its size while it waits for others. */
	take(id: EventId, item: T, bytes: number): void {
		this.tracker.observe(id, item, performance.now(), bytes);
		if (!this.tracker.isWhole) this.#lossTimer.schedule();
	}

	/** Takes a node's report of how far its events have come. Ignores other input. */
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
		// An earlier process of that node was asked too; its answer does not count.
		const isAnswer = speaker !== "other" && this.#discovery.isAnswered(report.answers);
		this.#isOtherSpeaking = speaker === "other";
		const isOfPresent = this.tracker.hear(origin, report, performance.now(), {
			isCurrent: isAnswer,
			life: lifeOfReport(speaker, report.isEnd, isAnswer),
			// Within a node, no message overtakes another.
			...(!isOther && { patience: 0 })
		});
		this.#isOtherSpeaking = false;
		// A report is about one sequence; its sender may have several.
		const isAll = this.tracker.lives.isFresh(origin);
		if (isOfPresent) {
			if (isOther) this.#learn(report, isAnswer);
			if (isAll && speaker !== "other" && this.#gone.answer(nodeID)) {
				const before = performance.now() - report.up;
				this.#listener.lost({ origin, before, isEarlier: false });
			}
		}
		// A node's last report may arrive after the news that the node has left.
		if (report.isEnd) {
			this.#gone.end(nodeID, report.instance, this.tracker.lives.isComplete(origin));
		}
		if (isOfPresent) {
			if (report.isEnd && isAll) this.#discovery.ended(nodeID, report.instance);
			// Comes last: the report's position must count by the time the sender counts as heard.
			else this.#discovery.heard(nodeID, isAnswer && isAll);
		}
		this.#lossTimer.schedule();
		this.#listener.changed();
	}

	/**
	 * A process that has reported its end leaves nothing unknown. Other gateways may have missed that report, so this node's
	 * sender repeats it.
	 */
	#noteEnd(nodeID: string, { isEnd, instance, seq }: PositionReport): void {
		const { broker } = this.#service;
		if (!isEnd || instance === undefined || nodeID === broker.nodeID) return;
		this.#witnesses.end(nodeID, instance);
		broker.localBus.emit(ENDED, { nodeID, instance, hasSent: seq > 0 } satisfies Ended);
	}

	/** Takes what another node reports about others. */
	#learn({ gone, here }: PositionReport, isAnswer: boolean): void {
		this.#hearOf(gone);
		if (!isAnswer) return;
		this.#expect(here);
		this.#witnesses.answer();
	}

	/**
	 * Another node reports senders that have come and left. What they sent while this gateway did not know them has not
	 * arrived.
	 */
	#hearOf(gone: readonly GoneSender[]): void {
		const now = performance.now();
		const departures: Departure[] = [];
		for (const sender of gone) {
			const { nodeID, instance, ago } = sender;
			// That was an earlier process of this node, before this gateway existed.
			if (nodeID === this.#service.broker.nodeID) continue;
			if (this.#gone.isSuspected(nodeID, instance)) continue;
			// Times before that are not known.
			departures.push({ ...sender, at: Math.max(now - ago, this.awakeSince) });
		}
		for (const { nodeID, at } of this.#witnesses.newsOf(departures)) this.#missUnmet(nodeID, at);
	}

	#missUnmet(nodeID: string, before: number): void {
		this.#listener.lost({ origin: encodeOrigin(nodeID), before, isEarlier: true });
	}

	/**
	 * Another node lists senders that are not present here. Each is about to appear or has left: it may have died, or be cut
	 * off from this gateway alone.
	 */
	#expect(here: PositionReport["here"]): void {
		const now = performance.now();
		for (const [nodeID, instance] of here) {
			if (nodeID === this.#service.broker.nodeID) continue;
			if (this.#witnesses.isAccounted(nodeID, instance, now)) continue;
			const present = this.#discovery.processOf(nodeID);
			// It is present; its services are about to become known.
			if (present?.instance === instance) continue;
			const isKnown = this.#witnesses.hasMet(nodeID, instance);
			this.#witnesses.account(nodeID, instance, now);
			if (present === undefined) this.#gone.suspect(nodeID, instance);
			// Another process has replaced it, and this gateway never met it.
			else if (!isKnown) this.#missUnmet(nodeID, present.at);
		}
	}

	/** After an absence, what is known of silent and departed senders is out of date. */
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
