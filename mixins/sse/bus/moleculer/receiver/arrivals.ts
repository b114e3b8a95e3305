import { guard } from "../../../core/errors/guard.ts";
import { SEND } from "../../../core/event/event.ts";
import { type EventId, encodeOrigin, lifeOf } from "../../../core/event/event-id.ts";
import { groupOf } from "../../../moleculer/broadcast/event-group.ts";
import type { HostService } from "../../../moleculer/host-service.ts";
import { lookUp } from "../../../moleculer/transporter/look-up.ts";
import { type Loss, UNKNOWN_SENDER } from "../../loss.ts";
import { ExpectedReports } from "../discovery/expected-reports.ts";
import { GoneNodes } from "../discovery/gone-nodes.ts";
import { SenderDiscovery } from "../discovery/sender-discovery.ts";
import { Witnesses } from "../discovery/witnesses.ts";
import { listenToNodes } from "../node-events.ts";
import { type PositionReport, readReport } from "../position-report.ts";
import { ENDED, type Ended } from "../sender/gone-senders.ts";
import type { Consequences } from "../tracking/consequences.ts";
import type { ReportContext } from "../tracking/report-context.ts";
import { SequenceTracker } from "../tracking/sequence-tracker.ts";
import { ReadFirstTimer } from "./read-first-timer.ts";
import { SecondHandNews } from "./second-hand-news.ts";
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
	readonly #expectedReports = new ExpectedReports();
	readonly #witnesses = new Witnesses();
	readonly #secondHandNews: SecondHandNews;
	readonly #lossTimer: ReadFirstTimer;
	/** Whether the current report comes from another process than the one that Moleculer knows under that node id. */
	#isOtherSpeaking = false;
	#unlisten: (() => void) | undefined;

	constructor(service: HostService, listener: ArrivalsListener<T>) {
		this.#service = service;
		this.#listener = listener;
		this.tracker = new SequenceTracker({
			handOn: item => listener.handOn(item),
			lost: loss => listener.lost({ ...loss, isSoonSuspected: this.#isSoonSuspected(loss) }),
			failed: error => service.logger.error("SSE: an event was lost in this gateway.", error),
			replaced: origin => this.#discovery.doubt(decodeURIComponent(origin), this.#isOtherSpeaking)
		});
		this.#lossTimer = new ReadFirstTimer(
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
				this.#expectedReports.left(encodeOrigin(nodeID));
				this.#gone.miss(nodeID, before);
				this.#gone.meet(nodeID, instance);
			}
		});
		this.#gone = new GoneNodes(this.tracker, this.#discovery);
		this.#secondHandNews = new SecondHandNews(
			service.broker.nodeID,
			{ witnesses: this.#witnesses, discovery: this.#discovery, gone: this.#gone },
			loss => listener.lost(loss)
		);
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
		if (!isWhole || !this.#discovery.isComplete || this.#discovery.isAsking) return false;
		return !this.#expectedReports.areOverdue(performance.now());
	}

	/** Starts listening; restarts if it is listening already. */
	start(): void {
		this.stop();
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: a node's end was not noticed.", error);
		this.#unlisten = listenToNodes(this.#service.broker, {
			"$node.disconnected": guard(onFault, ({ node }) => {
				this.#discovery.noticeLoss();
				this.#witnesses.left(node.id, performance.now());
				this.#gone.miss(node.id, node.instanceID);
				this.#expectedReports.left(encodeOrigin(node.id));
				this.#discovery.left(node.id);
			}),
			"$node.connected": guard(onFault, ({ node }) => this.#gone.meet(node.id, node.instanceID))
		});
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
		const now = performance.now();
		const how: ReportContext = {
			isCurrent: isAnswer,
			life: lifeOfReport(speaker, report.isEnd, isAnswer),
			// Within a node, no message overtakes another.
			...(!isOther && { patience: 0 })
		};
		const isOfPresent = this.tracker.hear(origin, report, now, how);
		const group = groupOf(this.#service, SEND);
		for (const { groups, ...position } of report.apart) {
			if (group === undefined || !groups.includes(group)) continue;
			this.tracker.hear(origin, { ...report, ...position }, now, how);
		}
		this.#isOtherSpeaking = false;
		// A report is about one sequence; its sender may have several.
		const isAll = this.tracker.lives.isFresh(origin);
		if (isOfPresent) {
			if (isOther) this.#secondHandNews.learn(report, isAnswer);
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
			// Comes last: the report's position must count by the time the sender counts as heard.
			if (report.isEnd && isAll) this.#discovery.ended(nodeID, report.instance);
			else this.#discovery.heard(nodeID, isAnswer && isAll);
			if (speaker !== "other") this.#expect(report, nodeID, now);
		}
		this.#lossTimer.schedule();
		this.#listener.changed();
	}

	/**
	 * Other gateways may not know yet of a sender that has just been met, and do not expect reports of one that has not sent
	 * anything.
	 */
	#isSoonSuspected({ origin, before, isEarlier }: Loss): boolean {
		return !isEarlier && Number.isFinite(before) && this.#expectedReports.since(origin) <= before;
	}

	/** A report that arrives after its node has left promises nothing. Within this node, nothing is lost. */
	#expect({ epoch, isEnd, next }: PositionReport, nodeID: string, now: number): void {
		// Reports of what goes to some groups only promise nothing either.
		if (lifeOf(epoch) !== epoch) return;
		const origin = encodeOrigin(nodeID);
		if (isEnd) this.#expectedReports.left(origin);
		else if (nodeID !== this.#service.broker.nodeID && this.#discovery.processOf(nodeID))
			this.#expectedReports.heard(origin, next, now);
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

	/** After an absence, what is known of silent and departed senders is out of date. */
	#wasAway(): void {
		this.tracker.lives.away();
		this.#expectedReports.clear();
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
