import type { ServiceBroker } from "moleculer";
import { guard } from "../../../core/errors/guard.ts";
import type { HostService } from "../../../moleculer/host-service.ts";
import { hearsOthers, onConnected } from "../../../moleculer/transporter/transporter-health.ts";
import { listenToNodes } from "../node-events.ts";
import type { RegistryNode } from "../registry-node.ts";
import { Inquiry } from "./inquiry.ts";
import { type NodeProcess, NodeProcesses } from "./node-processes.ts";
import { Questions } from "./questions.ts";
import { sendersOf } from "./senders.ts";
import { SilentSenders } from "./silent-senders.ts";
import { SleepWatch } from "./sleep-watch.ts";

/** Milliseconds between two checks. */
const LOOK = 1000;

export interface SenderDiscoveryListener {
	/** Called when {@link SenderDiscovery.isComplete} may have changed, and every second. */
	changed(): void;
	/** This gateway may have been away until now, or is away from now on. */
	wasAway(): void;
	/** The process of a sender is known. */
	met(nodeID: string, instance: string | null | undefined): void;
	/** A node is another process than before, and was not reported as gone in between. */
	replaced(
		nodeID: string,
		before: string | null | undefined,
		instance: string | null | undefined
	): void;
}

/**
 * Knows whether the senders know of this gateway, because only then do their events come here. It asks all known senders until
 * they answer, after its start and whenever it may have been away.
 */
export class SenderDiscovery {
	readonly #broker: ServiceBroker;
	readonly #service: HostService;
	readonly #listener: SenderDiscoveryListener;
	readonly #questions: Questions;
	readonly #asked: Inquiry;
	readonly #sleep = new SleepWatch();
	readonly #silentSenders = new SilentSenders();
	readonly #nodeProcesses = new NodeProcesses();
	#isAway = true;
	#watch: NodeJS.Timeout | undefined;
	#unlisten: (() => void) | undefined;

	constructor(service: HostService, listener: SenderDiscoveryListener) {
		this.#broker = service.broker;
		this.#service = service;
		this.#listener = listener;
		this.#questions = new Questions(service.broker, () => this.#sleep.stoodStill);
		this.#asked = new Inquiry(service.broker, this.#questions);
	}

	/** See {@link SleepWatch}. */
	get awakeSince(): number {
		return this.#sleep.awakeSince;
	}

	/** Whether a node was asked, and has not answered. */
	isAwaited(nodeID: string): boolean {
		return this.#asked.isUnanswered(nodeID) || this.#silentSenders.isAsked(nodeID);
	}

	/** Whether a node is being asked. */
	isAsked(nodeID: string): boolean {
		return this.#asked.isWaited(nodeID) || this.#silentSenders.isAsked(nodeID);
	}

	/** A node's process, and since when it is known; undefined if the node is not present. */
	processOf(nodeID: string): NodeProcess | undefined {
		return this.#nodeProcesses.get(nodeID);
	}

	/** Whether this gateway hears no other node, or hears them again and has not asked yet. */
	get isAway(): boolean {
		this.noticeLoss();
		return this.#isAway;
	}

	/** Whether silent senders are being asked, and may turn out to be missing. */
	get isAsking(): boolean {
		return this.#silentSenders.isAsking;
	}

	/** Whether every known sender sends its events here. */
	get isComplete(): boolean {
		return !this.isAway && this.#asked.haveAnswered && this.#broker.started;
	}

	/** Starts listening; restarts if it is listening already. */
	start(): void {
		this.stop();
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: the senders were not asked where they are.", error);
		const renew = guard(onFault, () => this.#renew());
		const unlisten = listenToNodes(this.#broker, {
			"$broker.started": renew,
			"$node.connected": guard(onFault, ({ node }) => {
				this.#know(node);
				this.#meet(node.id, true);
			}),
			"$node.updated": guard(onFault, ({ node }) => this.#update(node)),
			"$services.changed": guard(onFault, () => this.#meet(this.#broker.nodeID))
		});
		const forget = onConnected(this.#broker, renew);
		this.#watch = setInterval(
			guard(onFault, () => this.#look()),
			LOOK
		).unref();
		this.#unlisten = () => {
			unlisten();
			forget();
		};
		this.#renew();
	}

	stop(): void {
		clearInterval(this.#watch);
		this.#asked.stop();
		this.#unlisten?.();
		this.#unlisten = undefined;
	}

	/** Whether one of these questions was asked since this gateway may have been away. What is sent unasked may be older. */
	isAnswered(questions: readonly string[]): boolean {
		return this.#questions.includes(questions);
	}

	/** A node has reported. @param isAnswer It has answered for everything that is known of it. */
	heard(nodeID: string, isAnswer: boolean): void {
		// A report that arrives after its node has left starts no watch for silence.
		if (this.#nodeProcesses.get(nodeID)) this.#silentSenders.heard(nodeID, performance.now());
		if (!isAnswer) return;
		this.#nodeProcesses.answered(nodeID);
		if (this.#asked.answer(nodeID)) this.#settle();
	}

	/** Something has arrived from another node. */
	hearsOther(): void {
		this.#questions.hears();
	}

	/**
	 * What arrived from a node may come from another process than the present one, which is therefore asked.
	 *
	 * @param isOther It does, and Moleculer does not know that process yet. Whether the one that it knows has answered is not
	 * in doubt.
	 */
	doubt(nodeID: string, isOther = false): void {
		if (nodeID === this.#broker.nodeID || this.#asked.isWaited(nodeID)) return;
		if (!this.#isSender(nodeID)) return;
		const wasUnanswered = this.#asked.isUnanswered(nodeID);
		this.#await(nodeID);
		if (isOther && !wasUnanswered) this.#asked.isOther(nodeID);
		this.#asked.askSoon();
	}

	/** A process of a node has reported its end. */
	ended(nodeID: string, instance: string | undefined): void {
		if (instance !== undefined) this.#nodeProcesses.end(nodeID, instance);
		this.left(nodeID);
	}

	/** A node's answer is no longer awaited. */
	#settle(): void {
		if (!this.#asked.haveAnswered) return;
		const isAlone = sendersOf(this.#broker).every(nodeID => nodeID === this.#broker.nodeID);
		if (!this.#isAway) this.#questions.finish(isAlone);
		this.#listener.changed();
	}

	/** A node has left. */
	left(nodeID: string): void {
		this.#silentSenders.left(nodeID);
		this.#nodeProcesses.left(nodeID);
		if (this.#asked.left(nodeID)) this.#settle();
	}

	/** Checks whether the machine or this process was suspended: then this gateway was away. */
	noticeSleep(): void {
		if (this.#sleep.wasAsleep(LOOK)) this.#renew();
	}

	/** Checks whether the connection is lost. */
	noticeLoss(): void {
		if (this.#isAway || hearsOthers(this.#broker)) return;
		this.#isAway = true;
		this.#questions.leave();
		this.#listener.wasAway();
	}

	/** This gateway may have been away, so it asks every sender. */
	#renew(): void {
		this.#questions.begin();
		for (const nodeID of this.#silentSenders.clear()) this.#asked.miss(nodeID);
		this.#isAway = !hearsOthers(this.#broker);
		this.#nodeProcesses.clear();
		for (const node of this.#broker.registry.nodes.toArray()) this.#know(node);
		this.#asked.restart(nodeID => this.#nodeProcesses.get(nodeID) !== undefined);
		for (const nodeID of sendersOf(this.#broker)) this.#await(nodeID);
		this.#listener.wasAway();
		this.#asked.askNow();
		this.#listener.changed();
	}

	#know(node: RegistryNode): void {
		const { id, instanceID, available = true } = node;
		if (!available) return;
		this.#nodeProcesses.know(node);
		// A node that stops has no services, and can no longer be asked.
		if (this.#isSender(id)) this.#listener.met(id, instanceID);
	}

	/**
	 * Moleculer does not report a node as gone if it restarts at once. A node's services may become known later than the node.
	 */
	#update(node: RegistryNode): void {
		const { id, instanceID } = node;
		const known = this.#nodeProcesses.get(id);
		if (known !== undefined && known.instance !== instanceID) {
			this.#listener.replaced(id, known.instance, instanceID);
			this.left(id);
		}
		this.#know(node);
		this.#meet(id);
	}

	#meet(nodeID: string, isNew = false): void {
		const isKnown = this.#asked.hasAnswered(nodeID) || this.#asked.isWaited(nodeID);
		if ((isKnown && !isNew) || !this.#isSender(nodeID)) return;
		this.#await(nodeID);
		// This node answers at once. Many gateways may meet many other nodes at the same time.
		if (nodeID === this.#broker.nodeID) this.#asked.askNow();
		else this.#asked.askTogether();
		this.#listener.changed();
	}

	#look(): void {
		const now = performance.now();
		const senders = new Set(sendersOf(this.#broker));
		for (const nodeID of this.#asked.waited) {
			if (senders.has(nodeID)) continue;
			this.#asked.giveUp(nodeID);
			this.#settle();
		}
		// It keeps asking, and gives no ids: it may miss this node's events without knowing.
		for (const nodeID of this.#asked.takeOverdue(now)) {
			this.#service.logger.warn(
				`SSE: the node '${nodeID}' does not answer. It may not know of this gateway, which is degraded meanwhile.`
			);
		}
		const isBack = this.#isAway && hearsOthers(this.#broker);
		if (this.#sleep.wasAsleep(LOOK) || isBack) this.#renew();
		else this.#lookForSilence(now, senders);
		this.#listener.changed();
	}

	#lookForSilence(now: number, senders: ReadonlySet<string>): void {
		if (this.isAway) return;
		const silent = this.#silentSenders.ask(now);
		if (silent.length > 0) this.#questions.ask(silent);
		for (const nodeID of this.#silentSenders.takeUnanswered(now)) {
			// A node that stops loses its services first; it counts as missed once it has left.
			if (!senders.has(nodeID)) this.#asked.miss(nodeID);
			else {
				this.#await(nodeID);
				this.#asked.askNow();
			}
		}
	}

	#await(nodeID: string): void {
		this.#asked.expect(nodeID, this.#nodeProcesses.hasEnded(nodeID));
	}

	#isSender(nodeID: string): boolean {
		return sendersOf(this.#broker).includes(nodeID);
	}
}
