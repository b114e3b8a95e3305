import { describe, expect, it } from "@jest/globals";
import type { Channel } from "amqplib";
import { ServiceBroker } from "moleculer";
import { ReconnectingChannel } from "../../../services/work-queue/reconnecting-channel.ts";
import { eventually } from "../../support/eventually.ts";
import { createGate } from "../../support/gate.ts";
import { RecordedLog } from "../../support/gateway/recorded-log.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";

/** A channel that the test opens, loses and closes by hand; or a reason why it cannot be opened. */
class Hand {
	readonly channel = {} as Channel;
	readonly refusal: string | undefined;
	readonly opening = createGate();
	readonly settingUp = createGate();
	readonly closing = createGate();
	readonly lost = Promise.withResolvers<never>();
	signal: AbortSignal | undefined;

	constructor(refusal?: string) {
		this.refusal = refusal;
	}
}

/** Channels, in the order in which they are opened, and a log of what happens to them. */
function startStage(hands: readonly Hand[]) {
	const log = new RecordedLog();
	const { logger } = new ServiceBroker({ logger: log });
	const course: string[] = [];
	const note = (what: string, channel: Channel) =>
		course.push(`${what} ${hands.findIndex(hand => hand.channel === channel)}`);
	let next = 0;
	const reconnecting = new ReconnectingChannel(
		{
			async open(signal) {
				const hand = hands[next++];
				if (hand === undefined) throw new Error("there are no more");
				if (hand.refusal !== undefined) throw new Error(hand.refusal);
				hand.signal = signal;
				await hand.opening.wait();
				note("open", hand.channel);
				const close = async () => {
					await hand.closing.wait();
					note("closed", hand.channel);
					// as with every channel that closes, whoever closes it
					hand.lost.reject(new Error("closed"));
				};
				return { channel: hand.channel, lost: hand.lost.promise, close };
			},
			async setUp(channel) {
				await hands.find(hand => hand.channel === channel)?.settingUp.wait();
				note("ready", channel);
			},
			onLost: channel => note("lost", channel)
		},
		logger
	);
	onTestFinished(async () => {
		for (const { opening, settingUp, closing } of hands) {
			for (const gate of [opening, settingUp, closing]) gate.open();
		}
		await reconnecting.stop(Promise.resolve());
	});
	return { reconnecting, course, log };
}

function ready(hand: Hand): Hand {
	hand.opening.open();
	hand.settingUp.open();
	return hand;
}

describe("a channel that is opened again whenever it is lost", () => {
	// A connection that took time to close, because RabbitMQ did not answer, set its successor's channel to null when it had
	// finally closed. A third one was opened, and the worker had two consumers.
	it("is opened again only when the last connection has closed", async () => {
		const [first, second] = [ready(new Hand()), ready(new Hand())];
		const { reconnecting, course } = startStage([first, second]);
		await reconnecting.start();
		first.lost.reject(new Error("a fault"));
		await first.closing.reached;
		expect(second.signal).toBeUndefined();
		first.closing.open();
		await eventually(() => expect(course.at(-1)).toBe("ready 1"));
		expect(course).toEqual(["open 0", "ready 0", "lost 0", "closed 0", "open 1", "ready 1"]);
	});

	it("is closed, and opened again, if it cannot be made ready", async () => {
		const [first, second] = [new Hand(), ready(new Hand())];
		const { reconnecting, course, log } = startStage([first, second]);
		first.opening.open();
		first.closing.open();
		const started = reconnecting.start();
		await first.settingUp.reached;
		first.lost.reject(new Error("NOT_FOUND"));
		await started;
		await eventually(() => expect(course.at(-1)).toBe("ready 1"));
		expect(course).toEqual(["open 0", "lost 0", "closed 0", "open 1", "ready 1"]);
		expect(log.at("warn").join()).toContain("NOT_FOUND");
		// its late outcome no longer matters
		first.settingUp.open();
		reconnecting.replace(first.channel, new Error("late"));
		await new Promise(setImmediate);
		expect(course.at(-1)).toBe("ready 0");
	});

	it("logs what is wrong once, however often it is tried, and that it works again", async () => {
		const [first, last] = [ready(new Hand()), ready(new Hand())];
		const { reconnecting, course, log } = startStage([
			first,
			new Hand("ECONNREFUSED"),
			new Hand("ECONNREFUSED"),
			new Hand("ACCESS_REFUSED"),
			last
		]);
		await reconnecting.start();
		first.closing.open();
		first.lost.reject(new Error("CONNECTION_FORCED"));
		await eventually(() => expect(course.at(-1)).toBe("ready 4"), { timeout: 15_000 });
		expect(log.at("warn")).toEqual(
			["CONNECTION_FORCED", "ECONNREFUSED", "ACCESS_REFUSED"].map(
				reason => `The work queue's connection: ${reason}. Trying again.`
			)
		);
		expect(log.at("info")).toContain("The work queue's connection works again.");
	});
});

describe("the stop of a channel", () => {
	it("cancels an attempt to open it, and closes one that was opened all the same", async () => {
		const hand = new Hand();
		const { reconnecting, course } = startStage([hand]);
		const started = reconnecting.start();
		await hand.opening.reached;
		const work = createGate();
		const stopped = reconnecting.stop(work.wait());
		expect(hand.signal?.aborted).toBe(true);
		ready(hand).closing.open();
		await eventually(() => expect(course.at(-1)).toBe("closed 0"));
		work.open();
		await stopped;
		await started;
		expect(course).toEqual(["open 0", "lost 0", "closed 0"]);
	});

	it("does not wait until it is ready", async () => {
		const hand = new Hand();
		const { reconnecting, course } = startStage([hand]);
		hand.opening.open();
		hand.closing.open();
		const started = reconnecting.start();
		await hand.settingUp.reached;
		await reconnecting.stop(Promise.resolve());
		await started;
		expect(course).toEqual(["open 0", "lost 0", "closed 0"]);
	});

	it("closes it when the work that uses it has ended, and opens no other if it is lost meanwhile", async () => {
		const [first, second] = [ready(new Hand()), ready(new Hand())];
		const { reconnecting, course } = startStage([first, second]);
		await reconnecting.start();
		first.closing.open();
		const work = createGate();
		const stopped = reconnecting.stop(work.wait());
		expect(course).toEqual(["open 0", "ready 0"]);
		first.lost.reject(new Error("a fault"));
		await eventually(() => expect(course.at(-1)).toBe("closed 0"));
		work.open();
		await stopped;
		expect(second.signal).toBeUndefined();
	});

	// A broker that was stopped and started again in the same process had a service that took no more jobs.
	it("allows it to be started again", async () => {
		const [first, second] = [ready(new Hand()), ready(new Hand())];
		const { reconnecting, course } = startStage([first, second]);
		await reconnecting.start();
		first.closing.open();
		await reconnecting.stop(Promise.resolve());
		await reconnecting.start();
		expect(course).toEqual(["open 0", "ready 0", "lost 0", "closed 0", "open 1", "ready 1"]);
	});
});
