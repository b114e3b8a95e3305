import { describe, expect, it } from "@jest/globals";
import { connect } from "amqplib";
import { busState } from "../../mixins/sse/index.ts";
import type { StreamClient } from "../support/clients/stream-client.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway, type TestGateway } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { inject } from "../support/provided.ts";
import { NEWS, openNews, TestStream } from "../support/rabbitmq/test-stream.ts";

const event = (payload: unknown) => ({ eventName: NEWS, sessionId: "A", payload });

/** A program that publishes to exchanges. */
async function program() {
	const connection = await connect(inject("amqpUrl"));
	onTestFinished(() => connection.close());
	return connection.createChannel();
}

type Program = Awaited<ReturnType<typeof program>>;

function publish(channel: Program, exchange: string, payload: unknown): void {
	channel.publish(exchange, "", Buffer.from(JSON.stringify(event(payload))));
}

/** A gateway of a namespace, whose RabbitMQ stream was given no name, and a client there. */
async function startIn(namespace: string, channel: Program) {
	const name = `sse.send.${namespace}`;
	const gateway = await startGateway({
		middleware: { stream: { url: inject("amqpUrl") } },
		broker: { namespace, nodeID: "gateway-1" }
	});
	onTestFinished(async () => {
		await gateway.broker.stop();
		await channel.deleteQueue(name);
		await channel.deleteExchange(name);
	});
	await eventually(() => expect(busState(gateway.broker)?.working).toBe(true));
	return { name, gateway, client: await openNews(gateway) };
}

/** A client has got these events, and no others, once an event of its own gateway has arrived after them. */
async function expectOnly(
	client: StreamClient,
	gateway: TestGateway,
	payloads: readonly string[]
): Promise<void> {
	await gateway.send(event("last"));
	await client.until(() => client.received(NEWS).includes("last"), "the last event");
	expect(client.received(NEWS)).toEqual([...payloads, "last"]);
	expect(client.received("sse.reset")).toEqual([]);
}

describe("two namespaces on one RabbitMQ", () => {
	// Moleculer's namespace separates nodes on one RabbitMQ. All of them read one RabbitMQ stream: the events of a test system
	// reached the users of the real one, and its revocations affected them.
	it("have separate RabbitMQ streams, and separate exchanges for other programs", async () => {
		const channel = await program();
		const [ours, theirs] = [crypto.randomUUID(), crypto.randomUUID()];
		const one = await startIn(ours, channel);
		const other = await startIn(theirs, channel);
		await one.gateway.send(event("ours"));
		await other.gateway.send(event("theirs"));
		publish(channel, one.name, "ours, of a program");
		publish(channel, other.name, "theirs, of a program");

		await one.client.next(NEWS, 2);
		await other.client.next(NEWS, 2);
		await expectOnly(one.client, one.gateway, ["ours", "ours, of a program"]);
		await expectOnly(other.client, other.gateway, ["theirs", "theirs, of a program"]);
	});
});

describe("two applications in one namespace", () => {
	it("share events only by the exchange, if they name their RabbitMQ streams", async () => {
		const streams = [await TestStream.open(), await TestStream.open()] as const;
		const namespace = crypto.randomUUID();
		const channel = await program();
		onTestFinished(async () => void (await channel.deleteExchange(`sse.send.${namespace}`)));
		const [one, other] = await Promise.all(
			streams.map(stream => stream.gateway("gateway-1", { broker: { namespace } }))
		);
		const [ours, theirs] = [
			await openNews(one as TestGateway),
			await openNews(other as TestGateway)
		];
		await (one as TestGateway).send(event("ours"));
		await (other as TestGateway).send(event("theirs"));
		await ours.next(NEWS);
		await theirs.next(NEWS);
		publish(channel, `sse.send.${namespace}`, "a program's");
		await ours.next(NEWS, 2);
		await theirs.next(NEWS, 2);
		await expectOnly(ours, one as TestGateway, ["ours", "a program's"]);
		await expectOnly(theirs, other as TestGateway, ["theirs", "a program's"]);
	});
});
