import type {
	Bus,
	BusReceiver,
	BusSubscription,
	EventGroups,
	Readable,
	ReceiverListener,
	Subscriber
} from "../../../mixins/sse/bus/bus.ts";
import { RABBITMQ_ORDER } from "../../../mixins/sse/bus/rabbitmq/id-order.ts";
import { ReadingReceiver } from "../../../mixins/sse/bus/reading-receiver.ts";
import type { IdOrder } from "../../../mixins/sse/core/history/id-order.ts";
import type { HostService } from "../../../mixins/sse/moleculer/host-service.ts";

/** The common part of buses that gateways read by themselves. By default its ids are those of a RabbitMQ stream. */
export abstract class ReadableBus implements Bus, Readable {
	readonly isSelfCarried = true;
	readonly order: IdOrder = RABBITMQ_ORDER;
	abstract readonly state: Bus["state"];

	abstract publish(...event: Parameters<Bus["publish"]>): Promise<unknown>;
	abstract revoke(...revocation: Parameters<Bus["revoke"]>): Promise<unknown>;
	abstract subscribe(subscriber: Subscriber, past: number, groups?: EventGroups): BusSubscription;

	listen(): void {}

	async open(): Promise<void> {}

	async close(): Promise<void> {}

	refuse(): undefined {}

	receiver(listener: ReceiverListener, service: HostService): BusReceiver {
		return new ReadingReceiver(this, listener, service);
	}
}
