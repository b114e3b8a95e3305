import type { ServiceBroker } from "moleculer";
import { SENDER_SERVICE } from "../bus/position-teller.ts";
import { guard } from "../core/guard.ts";
import { encodeOrigin, newEpoch } from "../core/id.ts";
import { HELLO, type SseHello } from "../core/report.ts";
import { hearsOthers, onConnected } from "../moleculer/transporter.ts";
import type { GatewayService } from "./types.ts";

/** Milliseconds until nodes that have not answered are asked again; each time doubles them. */
const FIRST_PAUSE = 50;
const LAST_PAUSE = 2000;
/** Milliseconds after which a node that does not answer is not waited for. */
const PATIENCE = 15_000;
/** Milliseconds between two looks, and how late one may come before the process counts as having been asleep. */
const LOOK = 1000;
const ASLEEP = 5000;

/**
 * Knows whether the senders know of this gateway: only then do their events come here. It asks those that it knows, after its
 * start and whenever it may have been away, until they answer.
 */
export class Introductions {
	readonly #broker: ServiceBroker;
	readonly #service: GatewayService;
	readonly #onChange: () => void;
	readonly #life = newEpoch();
	#asked = 0;
	/** Nodes that have not answered yet, and until when they are waited for. */
	readonly #unheard = new Map<string, number>();
	readonly #heard = new Set<string>();
	#wasAway = true;
	#pause = FIRST_PAUSE;
	#timer: NodeJS.Timeout | undefined;
	#watch: NodeJS.Timeout | undefined;
	#unlisten: (() => void) | undefined;

	/** @param onChange Called when the answer may be another, and every second. */
	constructor(service: GatewayService, onChange: () => void) {
		this.#broker = service.broker;
		this.#service = service;
		this.#onChange = onChange;
	}

	/** Whether every sender that is known here sends its events here. */
	get isComplete(): boolean {
		if (!hearsOthers(this.#broker)) this.#wasAway = true;
		return !this.#wasAway && this.#unheard.size === 0 && this.#broker.started;
	}

	/** Listens, again if it does already. */
	start(): void {
		this.stop();
		const { localBus } = this.#broker;
		const onFault = (error: Error): void =>
			this.#service.logger.error("SSE: the senders were not asked where they are.", error);
		const renew = guard(onFault, () => this.#renew());
		const meet = guard(onFault, ({ node }: { node: { id: string } }) => this.#meet(node.id, true));
		const update = guard(onFault, ({ node }: { node: { id: string } }) => this.#meet(node.id));
		const leave = guard(onFault, ({ node }: { node: { id: string } }) => this.#leave(node.id));
		const change = guard(onFault, () => this.#meet(this.#broker.nodeID));
		const listeners: [string, (payload: { node: { id: string } }) => void][] = [
			["$broker.started", renew],
			["$node.connected", meet],
			["$node.updated", update],
			["$node.disconnected", leave],
			["$services.changed", change]
		];
		for (const [name, listener] of listeners) localBus.on(name, listener);
		const forget = onConnected(this.#broker, renew);
		let lookedAt = performance.now();
		this.#watch = setInterval(
			guard(onFault, () => {
				const now = performance.now();
				const wasAsleep = now - lookedAt > LOOK + ASLEEP;
				lookedAt = now;
				if (wasAsleep) this.#renew();
				this.#look();
			}),
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
		this.#timer = undefined;
		this.#unlisten?.();
		this.#unlisten = undefined;
	}

	/** A node has said something by which it knows of this gateway. */
	heard(nodeID: string): void {
		this.#heard.add(nodeID);
		if (this.#unheard.delete(nodeID) && this.#unheard.size === 0) this.#onChange();
	}

	/** This gateway may have been away: every sender is asked. */
	#renew(): void {
		this.#heard.clear();
		this.#unheard.clear();
		this.#wasAway = !hearsOthers(this.#broker);
		for (const nodeID of this.#senders()) this.#await(nodeID);
		this.#pause = FIRST_PAUSE;
		this.#ask();
		this.#onChange();
	}

	#meet(nodeID: string, isNew = false): void {
		if (!isNew && this.#heard.has(nodeID)) return;
		if (!this.#senders().includes(nodeID)) return;
		this.#heard.delete(nodeID);
		this.#await(nodeID);
		this.#pause = FIRST_PAUSE;
		this.#ask();
		this.#onChange();
	}

	#leave(nodeID: string): void {
		this.#heard.delete(nodeID);
		if (this.#unheard.delete(nodeID)) this.#onChange();
	}

	#look(): void {
		const now = performance.now();
		for (const [nodeID, until] of this.#unheard) {
			if (until > now) continue;
			this.#service.logger.warn(
				`SSE: the node '${nodeID}' does not answer. It may not know of this gateway, which then misses its events.`
			);
			this.heard(nodeID);
		}
		if (this.#wasAway && hearsOthers(this.#broker)) this.#renew();
		this.#onChange();
	}

	#await(nodeID: string): void {
		this.#unheard.set(nodeID, performance.now() + PATIENCE);
	}

	#ask(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (!hearsOthers(this.#broker)) return;
		const hello: SseHello = {
			id: `${encodeOrigin(this.#broker.nodeID)}.${this.#life}.${++this.#asked}`,
			to: [...this.#unheard.keys()]
		};
		const complain = (error: unknown): void =>
			this.#service.logger.debug("SSE: the senders were not asked where they are.", error);
		const ask = async (): Promise<unknown> => this.#broker.broadcast(HELLO, hello);
		ask().catch(complain);
		if (this.#unheard.size === 0) return;
		this.#timer = setTimeout(() => this.#ask(), this.#pause).unref();
		this.#pause = Math.min(this.#pause * 2, LAST_PAUSE);
	}

	/** The nodes that answer, this one included. */
	#senders(): string[] {
		const list = this.#broker.registry.events.get(HELLO, SENDER_SERVICE);
		const endpoints: { id: string; isAvailable: boolean }[] = list?.endpoints ?? [];
		return endpoints.filter(({ isAvailable }) => isAvailable).map(({ id }) => id);
	}
}
