import type { BrokerOptions } from "moleculer";
import { installBus } from "../../../mixins/sse/bus/broker-bus.ts";
import type { Bus, BusSubscription, Source, Subscriber } from "../../../mixins/sse/bus/bus.ts";
import type { SseMixinOptions } from "../../../mixins/sse/index.ts";
import { TestGateway, TestNode } from "./gateway.ts";
import { ReadableBus } from "./readable-bus.ts";

/** A bus like a RabbitMQ stream, whose content is up to the test. */
export class HandBus extends ReadableBus {
	subscriber!: Subscriber;
	readonly state: Bus["state"] = {
		kind: "stream",
		connected: true,
		working: false,
		position: null,
		lag: null,
		outbox: { events: 0, bytes: 0 }
	};

	/** Starts a gateway that reads such a bus, for which the past lasts as long as the test likes. */
	static async start(
		sse: SseMixinOptions = {},
		broker: BrokerOptions = {}
	): Promise<{ bus: HandBus; gateway: TestGateway }> {
		const node = new TestNode({ middleware: false, broker });
		const bus = new HandBus();
		installBus(node.broker, bus);
		const gateway = new TestGateway(node, { sse });
		await node.broker.start();
		return { bus, gateway };
	}

	async publish(): Promise<void> {}

	async revoke(): Promise<void> {}

	subscribe(subscriber: Subscriber): BusSubscription {
		this.subscriber = subscriber;
		// a gateway serves before it has read everything only if that takes too long
		return {
			filled: Promise.resolve(),
			promising: true,
			working: false,
			end: () => Promise.resolve()
		};
	}

	/**
	 * Passes on the event at an offset, with that number as its payload.
	 *
	 * @param past See {@link Source}.
	 * @param sessionId Default A.
	 */
	give(eventName: string, n: number, past?: number, sessionId: string | string[] = "A"): void {
		const event = { eventName, sessionId, payload: n };
		this.subscriber.receive(event, { nodeID: "sender", id: `${n}-50`, ...given(past) });
	}

	/** Passes on a revocation. @param id From its sender, if it gives one. */
	giveRevocation(close: unknown, id?: string, past?: number): void {
		const revocation = id === undefined ? undefined : { id, part: 1, parts: 1 };
		this.subscriber.revoked(close, { nodeID: "sender", revocation, ...given(past) });
	}
}

function given(past: number | undefined): Pick<Source, "past"> {
	return past === undefined ? {} : { past };
}
