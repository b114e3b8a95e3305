/** A node of a cluster that sends, and is not a gateway. Its argument: `NodeOptions`. */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { type PayloadShape, payloadOf } from "../payload.ts";
import { answer } from "../process/answer.ts";
import { ownUsage, type Usage, type UsageOptions } from "../process/usage.ts";
import { brokerOptions } from "./node-options.ts";

export interface Sends {
	readonly ticks: number;
	/** 0 = only the loop, to measure its cost. */
	readonly eventsPerTick: number;
	/** Milliseconds from tick to tick; 0 = each turn of the event loop is one. */
	readonly interval: number;
	readonly sessionId: string;
	readonly shape: PayloadShape;
}

const broker = new ServiceBroker(brokerOptions());
await broker.start();

/** What is asked of a sender of a cluster. */
export type SenderQuestions = {
	usage(options?: UsageOptions): Usage;
	/** Resolves when this node knows so many gateways. */
	knows(gateways: number): Promise<void>;
	/** Resolves when every event was taken by the bus; rejects if one was not. */
	send(sends: Sends): Promise<void>;
};

const questions: SenderQuestions = {
	usage: ownUsage,

	async knows(gateways) {
		while (broker.registry.events.getAllEndpoints("sse.send").length < gateways) await sleep(50);
	},

	async send({ ticks, eventsPerTick, interval, sessionId, shape }) {
		const sent: Promise<unknown>[] = [];
		const began = performance.now();
		for (let tick = 0; tick < ticks; tick++) {
			if (interval === 0) await nextTurn();
			else await sleep(Math.max(0, began + tick * interval - performance.now()));
			for (let n = 0; n < eventsPerTick; n++) {
				const event = { eventName: "a", sessionId, payload: payloadOf(shape) };
				sent.push(broker.broadcast("sse.send", event, { throwError: true }));
			}
		}
		await Promise.all(sent);
	}
};

answer(questions);
