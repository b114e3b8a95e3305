import type { ServiceBroker } from "moleculer";
import { SENDER_SERVICE } from "../bus/position-teller.ts";
import { evictOldest } from "../core/evict.ts";
import { guard } from "../core/guard.ts";
import { HELLO } from "../core/report.ts";
import { SleepWatch } from "../core/sleep-watch.ts";
import { hearsOthers, onConnected } from "../moleculer/transporter.ts";
import { Questions } from "./questions.ts";
import { Silence } from "./silence.ts";
import type { GatewayService } from "./types.ts";

/** Milliseconds until nodes that have not answered are asked again; each time doubles them. */
const FIRST_PAUSE = 200;
const LAST_PAUSE = 8000;
/** Milliseconds after which it is logged that a node does not answer. */
const PATIENCE = 15_000;
/** Milliseconds in which nodes that are met are gathered, to be asked together; up to twice as many. */
const TOGETHER = 25;
/** The same once more than so many were met within a second. */
const CROWD_TOGETHER = 400;
const CROWD = 10;
/** Processes that have ended, remembered. */
const MAX_ENDED = 1000;
/** Milliseconds between two looks. */
const LOOK = 1000;

/** A node of Moleculer's registry. */
interface RegistryNode {
	readonly id: string;
	/** Drawn when its broker is created. */
	readonly instanceID?: string | null;
	readonly available?: boolean;
}

/** A process of a node. */
interface Met {
	readonly instance: string | null | undefined;
	/** `performance.now()` since which it is known. */
	readonly at: number;
}

export interface IntroductionsListener {
	/** Called when the answer may be another, and every second. */
	changed(): void;
	/** This gateway may have been away until now, or is away since now. */
	wasAway(): void;
	/** A process of a node is known. */
	met(nodeID: string, instance: string | null | undefined): void;
	/** A node is another process than it was, without having been gone in between. */
	replaced(
		nodeID: string,
		before: string | null | undefined,
		instance: string | null | undefined
	): void;
}

/**
 * Knows whether the senders know of this gateway: only then do their events come here. It asks those that it knows, after its
 * start and whenever it may have been away, until they answer.
 */
export class Introductions {
	readonly #broker: ServiceBroker;
	readonly #service: GatewayService;
	readonly #listener: IntroductionsListener;
	readonly #questions: Questions;
	/** Nodes that are asked until they answer, and when it is logged that they do not. */
	readonly #unheard = new Map<string, number>();
	/** Those that have not answered, also if they cannot be asked any more: a node that stops is first without services. */
	readonly #unanswered = new Set<string>();
	readonly #sleep = new SleepWatch();
	readonly #heard = new Set<string>();
	readonly #silence = new Silence();
	readonly #instances = new Map<string, Met>();
	/** Processes that have said that they end. Moleculer may take them to be there again, by news that was overtaken. */
	readonly #ended = new Map<string, string>();
	/** Nodes that were met in a second, and when it began (`performance.now()`). */
	#met = 0;
	#metSince = Number.NEGATIVE_INFINITY;
	#isAway = true;
	#pause = FIRST_PAUSE;
	#timer: NodeJS.Timeout | undefined;
	/** `performance.now()` at which it comes. */
	#timerAt = Number.POSITIVE_INFINITY;
	#watch: NodeJS.Timeout | undefined;
	#unlisten: (() => void) | undefined;

	constructor(service: GatewayService, listener: IntroductionsListener) {
		this.#broker = service.broker;
		this.#service = service;
		this.#listener = listener;
		this.#questions = new Questions(service.broker, () => this.#sleep.stoodStill);
	}

	/** See {@link SleepWatch}. */
	get awakeSince(): number {
		return this.#sleep.awakeSince;
	}

	/** Whether a node has been asked, and has not answered. */
	isAwaited(nodeID: string): boolean {
		return this.#unanswered.has(nodeID) || this.#silence.isAsked(nodeID);
	}

	/** Which process a node is, and since when that is known; undefined if it is not there. */
	met(nodeID: string): Met | undefined {
		return this.#instances.get(nodeID);
	}

	/** Whether this gateway hears nobody, or has begun to again and has not asked yet. */
	get isAway(): boolean {
		this.noticeLoss();
		return this.#isAway;
	}

	/** Whether senders that have been silent are being asked, and may be found missing. */
	get isAsking(): boolean {
		return this.#silence.isAsking;
	}

	/** Whether every sender that is known here sends its events here. */
	get isComplete(): boolean {
		return !this.isAway && this.#unheard.size === 0 && this.#broker.started;
	}

	/** Listens, again if it does already. */
	start(): void {
		this.stop();
		const { localBus } = this.#broker;
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: the senders were not asked where they are.", error);
		const renew = guard(onFault, () => this.#renew());
		const meet = guard(onFault, ({ node }: { node: RegistryNode }) => {
			this.#know(node);
			this.#meet(node.id, true);
		});
		const update = guard(onFault, ({ node }: { node: RegistryNode }) => this.#update(node));
		const change = guard(onFault, () => this.#meet(this.#broker.nodeID));
		const listeners: [string, (payload: { node: RegistryNode }) => void][] = [
			["$broker.started", renew],
			["$node.connected", meet],
			["$node.updated", update],
			["$services.changed", change]
		];
		for (const [name, listener] of listeners) localBus.on(name, listener);
		const forget = onConnected(this.#broker, renew);
		this.#watch = setInterval(
			guard(onFault, () => this.#look()),
			LOOK
		).unref();
		this.#unlisten = () => {
			for (const [name, listener] of listeners) localBus.off(name, listener);
			forget();
		};
		this.#renew();
	}

	stop(): void {
		clearInterval(this.#watch);
		clearTimeout(this.#timer);
		this.#timerAt = Number.POSITIVE_INFINITY;
		this.#unlisten?.();
		this.#unlisten = undefined;
	}

	/** Whether something answers what was asked since this gateway may have been away; what is said unasked may be from before. */
	isAnswered(questions: readonly string[]): boolean {
		return this.#questions.includes(questions);
	}

	/** A node has said something. @param isAnswer It has answered, of all that is known of it. */
	heard(nodeID: string, isAnswer: boolean): void {
		// What comes behind its node's end is of nobody who could be missed.
		if (this.#instances.has(nodeID)) this.#silence.heard(nodeID, performance.now());
		if (!isAnswer) return;
		this.#ended.delete(nodeID);
		this.#heard.add(nodeID);
		this.#unanswered.delete(nodeID);
		if (this.#unheard.delete(nodeID)) this.#settle();
	}

	/** Something has come of another node. */
	hearsOther(): void {
		this.#questions.hears();
	}

	/** What has come of a node may be of another process than the one that is there: that one is asked. */
	doubt(nodeID: string): void {
		if (nodeID === this.#broker.nodeID || this.#unheard.has(nodeID)) return;
		if (!this.#senders().includes(nodeID)) return;
		this.#await(nodeID);
		this.#heard.delete(nodeID);
		this.#pause = FIRST_PAUSE;
		this.#askAfter(0);
	}

	/** A process of a node has said that it ends. */
	ended(nodeID: string, instance: string | undefined): void {
		if (instance !== undefined) this.#ended.set(nodeID, instance);
		evictOldest(this.#ended, MAX_ENDED);
		this.left(nodeID);
	}

	/** One is waited for no longer. */
	#settle(): void {
		if (this.#unheard.size > 0) return;
		const isAlone = this.#senders().every(nodeID => nodeID === this.#broker.nodeID);
		if (!this.#isAway) this.#questions.finish(isAlone);
		this.#listener.changed();
	}

	/** A node is gone. */
	left(nodeID: string): void {
		this.#heard.delete(nodeID);
		this.#silence.left(nodeID);
		this.#instances.delete(nodeID);
		this.#unanswered.delete(nodeID);
		if (this.#unheard.delete(nodeID)) this.#settle();
	}

	/** Looks whether the machine was suspended, or this process: this gateway was away then. */
	noticeSleep(): void {
		if (this.#sleep.wasAsleep(LOOK)) this.#renew();
	}

	/** Looks whether the connection is lost. */
	noticeLoss(): void {
		if (this.#isAway || hearsOthers(this.#broker)) return;
		this.#isAway = true;
		this.#questions.leave();
		this.#listener.wasAway();
	}

	/** This gateway may have been away: every sender is asked. */
	#renew(): void {
		this.#questions.begin();
		this.#heard.clear();
		this.#unheard.clear();
		this.#unanswered.clear();
		this.#silence.clear();
		this.#isAway = !hearsOthers(this.#broker);
		this.#instances.clear();
		for (const node of this.#broker.registry.nodes.toArray()) this.#know(node);
		for (const nodeID of this.#senders()) this.#await(nodeID);
		this.#pause = FIRST_PAUSE;
		this.#listener.wasAway();
		this.#ask();
		this.#listener.changed();
	}

	#know({ id, instanceID, available = true }: RegistryNode): void {
		if (!available) return;
		const known = this.#instances.get(id);
		if (known === undefined || known.instance !== instanceID) {
			this.#instances.set(id, { instance: instanceID, at: performance.now() });
		}
		// One that stops is without services: it cannot be asked any more.
		if (this.#senders().includes(id)) this.#listener.met(id, instanceID);
	}

	/** A node that is restarted at once was never gone to Moleculer. Its services may come later than itself. */
	#update(node: RegistryNode): void {
		const { id, instanceID } = node;
		const known = this.#instances.get(id);
		if (known !== undefined && known.instance !== instanceID) {
			this.#listener.replaced(id, known.instance, instanceID);
			this.left(id);
		}
		this.#know(node);
		this.#meet(id);
	}

	#meet(nodeID: string, isNew = false): void {
		if (!isNew && this.#heard.has(nodeID)) return;
		if (!this.#senders().includes(nodeID)) return;
		if (!isNew && this.#unheard.has(nodeID)) return;
		this.#heard.delete(nodeID);
		this.#await(nodeID);
		this.#pause = FIRST_PAUSE;
		// This node answers at once. Many others may be met at a time, by many gateways.
		if (nodeID === this.#broker.nodeID) this.#ask();
		else this.#askAfter(this.#together * (1 + Math.random()));
		this.#listener.changed();
	}

	#look(): void {
		const now = performance.now();
		const senders = new Set(this.#senders());
		for (const [nodeID, until] of this.#unheard) {
			if (!senders.has(nodeID)) {
				this.#unheard.delete(nodeID);
				this.#settle();
				continue;
			}
			if (until > now) continue;
			// It goes on asking, and gives no places: it may miss what that node sends, and cannot know.
			this.#unheard.set(nodeID, Number.POSITIVE_INFINITY);
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
		const silent = this.#silence.ask(now);
		if (silent.length > 0) this.#questions.ask(silent);
		for (const nodeID of this.#silence.takeUnanswered(now)) {
			if (!senders.has(nodeID)) continue;
			this.#heard.delete(nodeID);
			this.#await(nodeID);
			this.#pause = FIRST_PAUSE;
			this.#ask();
		}
	}

	#await(nodeID: string): void {
		const instance = this.#instances.get(nodeID)?.instance;
		if (instance && instance === this.#ended.get(nodeID)) {
			// If it was started again, it says so, and its events are counted from where they were. Moleculer lets a broker that was
			// stopped once hear nothing from others any more: it would never answer.
			this.#questions.ask([nodeID]);
			return;
		}
		this.#unheard.set(nodeID, performance.now() + PATIENCE);
		this.#unanswered.add(nodeID);
	}

	/** Asks those that have not answered, or nobody: others know this gateway, and a point that they have in common, by that. */
	#ask(): void {
		clearTimeout(this.#timer);
		this.#timerAt = Number.POSITIVE_INFINITY;
		if (!hearsOthers(this.#broker)) return;
		this.#questions.ask([...this.#unheard.keys()]);
		if (this.#unheard.size === 0) return;
		this.#askAfter(this.#isCrowd ? Math.max(this.#pause, 2 * CROWD_TOGETHER) : this.#pause);
		this.#pause = Math.min(this.#pause * 2, LAST_PAUSE);
	}

	/** A cluster that starts is met one by one, by all its gateways: each question would be about a few, and go to all. */
	get #together(): number {
		const now = performance.now();
		if (now - this.#metSince > 1000) {
			this.#metSince = now;
			this.#met = 0;
		}
		this.#met++;
		return this.#isCrowd ? CROWD_TOGETHER : TOGETHER;
	}

	get #isCrowd(): boolean {
		return this.#met > CROWD && performance.now() - this.#metSince < 2000;
	}

	/** Asks then, or earlier if that is planned already: nodes that are met one after the other do not hold each other up. */
	#askAfter(delay: number): void {
		const at = performance.now() + delay;
		if (at >= this.#timerAt) return;
		clearTimeout(this.#timer);
		this.#timerAt = at;
		this.#timer = setTimeout(() => {
			this.#timerAt = Number.POSITIVE_INFINITY;
			if (this.#unheard.size > 0) this.#ask();
		}, delay).unref();
	}

	/** The nodes that answer, this one included. */
	#senders(): string[] {
		const list = this.#broker.registry.events.get(HELLO, SENDER_SERVICE);
		const endpoints: { id: string; isAvailable: boolean }[] = list?.endpoints ?? [];
		return endpoints.filter(({ isAvailable }) => isAvailable).map(({ id }) => id);
	}
}
