import { type Channel, type ChannelModel, type ConsumeMessage, connect } from "amqplib";
import type { BrokerOptions } from "moleculer";
import type { SseMiddlewareOptions } from "../../../mixins/sse/index.ts";
import { openStream, type StreamClient } from "../clients/stream-client.ts";
import {
	type GatewaySetup,
	type NodeSetup,
	startGateway,
	TestGateway,
	TestNode
} from "../gateway/gateway.ts";
import { onTestFinished } from "../on-test-finished.ts";
import { startTcpProxy, type TcpProxy } from "../processes/tcp-proxy.ts";
import { inject } from "../provided.ts";

type StreamOptions = Partial<NonNullable<SseMiddlewareOptions["stream"]>>;

export interface StreamNodeSetup extends GatewaySetup, Omit<NodeSetup, "middleware"> {
	/** Options besides URL and name. */
	stream?: StreamOptions;
}

export interface TestStreamSetup {
	/** Of its RabbitMQ; default the one that all tests share. */
	readonly url?: string;
	/**
	 * Of its nodes; default one of its own, so that it shares no exchange with the tests of other files. Only one file at a
	 * time may use none, `""`.
	 */
	readonly namespace?: string;
}

/** A message on a RabbitMQ stream, or from another program. */
export interface StreamMessage {
	readonly offset: number;
	readonly content: unknown;
	readonly headers: Record<string, unknown>;
}

/** The event name of these tests. */
export const NEWS = "news";

/** A RabbitMQ stream of a test's own, the nodes that use it, and another program. */
export class TestStream {
	readonly name: string = `test-${crypto.randomUUID()}`;
	readonly url: string;
	/** Of its nodes. */
	readonly namespace: string;
	/** The other program's. */
	readonly channel: Channel;
	readonly #connection: ChannelModel;

	private constructor(
		{ url = inject("amqpUrl"), namespace }: TestStreamSetup,
		connection: ChannelModel,
		channel: Channel
	) {
		this.url = url;
		this.namespace = namespace ?? this.name;
		this.#connection = connection;
		this.channel = channel;
	}

	static async open(setup: TestStreamSetup = {}): Promise<TestStream> {
		const connection = await connect(setup.url ?? inject("amqpUrl"));
		const stream = new TestStream(setup, connection, await connection.createChannel());
		onTestFinished(async () => {
			await stream.delete();
			if (stream.namespace !== "") await stream.channel.deleteExchange(stream.exchange);
			await connection.close();
		});
		return stream;
	}

	/** The exchange for other programs. */
	get exchange(): string {
		return this.namespace === "" ? "sse.send" : `sse.send.${this.namespace}`;
	}

	/** Options of brokers that also hear each other's Moleculer events. */
	get transport(): BrokerOptions {
		return {
			namespace: this.namespace,
			transporter: { type: "AMQP", options: { url: this.url } }
		};
	}

	/** Starts a gateway that reads the RabbitMQ stream. */
	gateway(nodeID: string, setup: StreamNodeSetup = {}): Promise<TestGateway> {
		return startGateway(this.#complete(nodeID, setup));
	}

	/** A gateway that is not started. */
	newGateway(nodeID: string, setup: StreamNodeSetup = {}): TestGateway {
		const complete = this.#complete(nodeID, setup);
		return new TestGateway(new TestNode(complete), complete);
	}

	/** Starts a node that is not a gateway. */
	async sender(nodeID: string, setup: StreamNodeSetup = {}): Promise<TestNode> {
		const node = new TestNode(this.#complete(nodeID, setup));
		await node.broker.start();
		return node;
	}

	/** A path to RabbitMQ that can be broken, and the URL for nodes that use it. */
	async detour(): Promise<TcpProxy & { url: string }> {
		const url = new URL(this.url);
		const proxy = await startTcpProxy(Number(url.port || 5672));
		onTestFinished(() => proxy.close());
		url.host = `127.0.0.1:${proxy.port}`;
		return { ...proxy, url: url.href };
	}

	/** The messages on the RabbitMQ stream, without those that have no events. */
	async messages(): Promise<StreamMessage[]> {
		return (await this.#all()).filter(({ content }) => !isMark(content));
	}

	/** The revocations on the RabbitMQ stream, and the events with payloads around them. */
	async revocations(): Promise<unknown[]> {
		return (await this.#all()).flatMap(({ headers, content }) => {
			if ("sse-close" in headers) return [JSON.parse(headers["sse-close"] as string)];
			return isMark(content)
				? []
				: [content].flat().map(event => (event as { payload: unknown }).payload);
		});
	}

	async #all(): Promise<StreamMessage[]> {
		const channel = await this.#connection.createChannel();
		const mark = crypto.randomUUID();
		const messages: ConsumeMessage[] = [];
		const { promise, resolve } = Promise.withResolvers<void>();
		await channel.prefetch(1000);
		await channel.consume(
			this.name,
			message => {
				if (message === null) return;
				channel.ack(message);
				if (message.properties.messageId === mark) resolve();
				else messages.push(message);
			},
			{ arguments: { "x-stream-offset": "first" } }
		);
		channel.sendToQueue(this.name, Buffer.from("[]"), { messageId: mark });
		await promise;
		await channel.close();
		return messages.map(read);
	}

	/** Publishes like a program that knows nothing of Moleculer; anything but text is sent as JSON. */
	publish(content: unknown, headers: Record<string, unknown> = {}): void {
		const body = typeof content === "string" ? content : JSON.stringify(content);
		this.channel.publish(this.exchange, "", Buffer.from(body), { headers });
	}

	/** Deletes the RabbitMQ stream, with everything on it. */
	async delete(): Promise<void> {
		await this.channel.deleteQueue(this.name);
	}

	#complete(nodeID: string, { stream, ...setup }: StreamNodeSetup): StreamNodeSetup & NodeSetup {
		return {
			...setup,
			middleware: { stream: { url: this.url, name: this.name, ...stream } },
			broker: { nodeID, namespace: this.namespace, ...setup.broker }
		};
	}
}

/** Opens a stream of {@link NEWS} on a gateway. */
export function openNews(
	gateway: TestGateway,
	{ session = "A", lastEventId }: { session?: string; lastEventId?: string | undefined } = {}
): Promise<StreamClient> {
	const headers = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId };
	return openStream(gateway.url(NEWS), { session, headers });
}

function read({ content, properties: { headers = {} } }: ConsumeMessage): StreamMessage {
	const text = content.toString();
	return { offset: headers["x-stream-offset"], content: parse(text), headers };
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function isMark(content: unknown): boolean {
	return Array.isArray(content) && content.length === 0;
}
