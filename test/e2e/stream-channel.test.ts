import { describe, expect, it } from "@jest/globals";
import { type Channel, connect } from "amqplib";
import { ServiceBroker } from "moleculer";
import {
	type ChannelHandler,
	ReconnectingChannel
} from "../../mixins/sse/bus/rabbitmq/reconnecting-channel.ts";
import { createGate } from "../support/gate.ts";
import { RecordedLog } from "../support/gateway/recorded-log.ts";
import { inject } from "../support/provided.ts";

/** A channel whose preparation waits for the test. */
function createChannel() {
	const gate = createGate();
	const happened: string[] = [];
	let life: AbortSignal | undefined;
	const handler: ChannelHandler<Channel> = {
		name: "a test",
		createChannel: connection => connection.createChannel(),
		async setUp(_channel, _connection, signal) {
			life = signal;
			await gate.wait();
			happened.push(signal.aborted ? "is told to do nothing" : "starts its work");
		},
		onLost: () => happened.push("lost")
	};
	const log = new RecordedLog();
	const { logger } = new ServiceBroker({ logger: log });
	const channel = new ReconnectingChannel(handler, logger);
	return { channel, gate, happened, log, isAborted: () => life?.aborted };
}

describe("a channel that is closed while it is prepared", () => {
	it("is lost at once, and later steps of the preparation know", async () => {
		const { channel, gate, happened, log, isAborted } = createChannel();
		await channel.open({ url: inject("amqpUrl") });
		await gate.reached;
		expect(isAborted()).toBe(false);

		const closed = channel.close();
		expect(isAborted()).toBe(true);
		expect(happened).toEqual(["lost"]);
		gate.open();
		await closed;
		expect(new Set(happened)).toEqual(new Set(["lost", "is told to do nothing"]));
		expect(channel).toMatchObject({ connected: false, working: false });
		// closing is not logged as a problem
		expect(log.at("warn")).toEqual([]);
	});

	it("never opens if it is closed before it has connected", async () => {
		const { channel, gate, happened } = createChannel();
		const opened = channel.open({ url: inject("amqpUrl") });
		await channel.close();
		await opened;
		gate.open();
		// another connection is made and closed meanwhile
		await (await connect(inject("amqpUrl"))).close();
		expect(happened).toEqual([]);
	});
});
