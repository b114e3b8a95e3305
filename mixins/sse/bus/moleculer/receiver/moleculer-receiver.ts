import type { SseEvent } from "../../../core/event/event.ts";
import { waitingBytes } from "../../../core/event/event.ts";
import { encodeOrigin, parseId } from "../../../core/event/event-id.ts";
import type { IdOrder } from "../../../core/history/id-order.ts";
import type { HostService } from "../../../moleculer/host-service.ts";
import { hearsOthers } from "../../../moleculer/transporter/transporter-health.ts";
import type { BusReceiver, Listener, ReceiverListener, Source } from "../../bus.ts";
import { LOOKBACK, orderBySender } from "../id-order.ts";
import { readHello } from "../position-report.ts";
import { Arrivals } from "./arrivals.ts";
import { MissedRevocations } from "./missed-revocations.ts";

/** An event that is put into its sender's order, and its source. */
interface Arrived {
	readonly event: SseEvent;
	readonly from: Source;
}

/** A gateway's end of the Moleculer bus: passes on each sender's events in order, and reports those that do not arrive. */
export class MoleculerReceiver implements BusReceiver {
	readonly #arrivals: Arrivals<Arrived>;
	readonly #missedRevocations: MissedRevocations;
	readonly #listener: ReceiverListener;
	readonly #service: HostService;
	/** Whether replays reach back as far as they should, which a short history does not allow. */
	#isFull = false;
	#hasStopped = false;

	constructor(listener: ReceiverListener, service: HostService) {
		this.#listener = listener;
		this.#service = service;
		this.#arrivals = new Arrivals(service, {
			handOn: ({ event, from }) => listener.handOn(event, from),
			lost: loss =>
				listener.lost({ ...loss, isSoonSuspected: loss.isSoonSuspected === true && this.#isFull }),
			changed: () => listener.changed()
		});
		this.#missedRevocations = new MissedRevocations(service, loss =>
			listener.revocationsLost(loss)
		);
	}

	order(maxAge: number): IdOrder {
		this.#isFull = maxAge / 2 >= LOOKBACK;
		return orderBySender(this.#arrivals.tracker.lives, Math.min(LOOKBACK, maxAge / 2), origin =>
			this.#isElsewhere(origin)
		);
	}

	#isElsewhere(origin: string): boolean {
		const { transit, nodeID } = this.#service.broker;
		return Boolean(transit) && origin !== encodeOrigin(nodeID);
	}

	get isWhole(): boolean {
		return this.#arrivals.isWhole;
	}

	get isDegraded(): boolean {
		return !hearsOthers(this.#service.broker) || !this.#arrivals.hearsAll;
	}

	get isMeeting(): boolean {
		return this.#arrivals.isMeeting;
	}

	get awakeSince(): number {
		return this.#arrivals.awakeSince;
	}

	/** An event without an id of its own sender has no place in the order, and is passed on at once. */
	take(event: SseEvent, from: Source): void {
		const id = event.id === undefined ? undefined : parseId(event.id);
		if (id !== undefined && this.#isOf(id.origin, from.nodeID)) {
			this.#arrivals.take(id, { event, from }, waitingBytes(event));
			return;
		}
		event.id = undefined;
		this.#listener.handOn(event, from);
	}

	/** Another node's origin is not accepted: a number that it made up would be missing for ever. */
	#isOf(origin: string, nodeID: string): boolean {
		return origin === nodeID || origin === encodeOrigin(nodeID);
	}

	tookRevocation({ revocation }: Source): void {
		this.#missedRevocations.came(revocation);
	}

	readonly hear: Listener = (input, { nodeID }) => {
		this.#arrivals.hear(input, nodeID);
		this.#missedRevocations.hear(input, nodeID);
	};

	/** The question's id is a position that this gateway shares with the one that asks. */
	readonly meet: Listener = input => {
		const id = readHello(input)?.id;
		if (id !== undefined && parseId(id) !== undefined) this.#listener.note(id);
	};

	listen(): void {
		this.#arrivals.start();
	}

	/** Moleculer delivers events by itself, but those sent between a stop and a start are missing. */
	async start(): Promise<void> {
		if (!this.#hasStopped) return;
		this.#listener.begin();
		const { transit, stopping } = this.#service.broker as { transit?: object; stopping?: boolean };
		// Moleculer 0.15 never resets `stopping`.
		if (transit && stopping) {
			this.#service.logger.error(
				"SSE: this broker was stopped before, and Moleculer drops what other nodes send to a broker that has been stopped: create a new ServiceBroker instead of starting this one again."
			);
		}
	}

	async stop(): Promise<void> {
		this.#hasStopped = true;
		this.#arrivals.stop();
		this.#missedRevocations.stop();
	}
}
