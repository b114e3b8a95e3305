import { describe, expect, it } from "@jest/globals";
import { type Channel, connect } from "amqplib";
import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import {
	type WorkQueue,
	type WorkQueueSchema,
	workQueue
} from "../../services/work-queue/work-queue.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { TestNode } from "../support/gateway/gateway.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { startTcpProxy, type TcpProxy } from "../support/processes/tcp-proxy.ts";
import { inject } from "../support/provided.ts";

const PATIENT = { timeout: 30_000, interval: 50 };

interface Job {
	n: number;
}

type Worker = Service &
	WorkQueue & {
		channel: Channel | null;
		_connect(): Promise<void>;
		_setup(channel: Channel): Promise<void>;
	};

interface Stage {
	node: TestNode;
	schema: ServiceSchema;
	worker: Worker;
	queue: string;
	/** The worker's path to RabbitMQ. */
	detour: TcpProxy;
	put(n: number): Promise<void>;
	/** Uses a channel of another program. */
	elsewhere<T>(use: (channel: Channel) => Promise<T>): Promise<T>;
}

const QUEUE = { durable: true, arguments: { "x-queue-type": "quorum" } };

/** A worker on a queue of the test's own, which is removed with the test. */
async function startWorker(
	options: Partial<WorkQueueSchema<Job, Service>>,
	way?: TcpProxy
): Promise<Stage> {
	const stage = await createWorker(options, way);
	await stage.node.broker.start();
	await eventually(() => expect(stage.worker.channel).not.toBeNull(), PATIENT);
	return stage;
}

/** A worker whose broker has not been started. */
async function createWorker(
	options: Partial<WorkQueueSchema<Job, Service>>,
	way?: TcpProxy
): Promise<Stage> {
	const queue = `jobs.${crypto.randomUUID()}`;
	const url = new URL(inject("amqpUrl"));
	async function elsewhere<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
		const connection = await connect(inject("amqpUrl"));
		try {
			return await use(await connection.createChannel());
		} finally {
			await connection.close();
		}
	}
	onTestFinished(async () => {
		await elsewhere(channel => channel.deleteQueue(queue));
	});
	const detour = way ?? (await startTcpProxy(Number(url.port || 5672)));
	onTestFinished(() => detour.close());
	url.host = `127.0.0.1:${detour.port}`;

	const node = new TestNode();
	const schema = {
		name: "worker",
		mixins: [workQueue(url.href)],
		queues: {
			[queue]: {
				queueOpts: QUEUE,
				params: { n: "number" },
				handler: async () => {},
				errorStrategy: async () => ({ requeue: true }),
				...options
			}
		}
	} as ServiceSchema;
	const worker = node.broker.createService(schema) as Worker;
	const put = (n: number) => (node.broker.getLocalService("worker") as Worker).put(queue, { n });
	return { node, schema, worker, queue, detour, put, elsewhere };
}

const waiting = ({ elsewhere, queue }: Stage): Promise<number> =>
	elsewhere(async channel => (await channel.checkQueue(queue)).messageCount);

const consumers = ({ elsewhere, queue }: Stage): Promise<number> =>
	elsewhere(async channel => (await channel.assertQueue(queue, QUEUE)).consumerCount);

describe("a worker whose channel RabbitMQ closes", () => {
	it("reconnects, and goes on", async () => {
		const worked: number[] = [];
		const { node, worker, put } = await startWorker({
			async handler({ n }) {
				worked.push(n);
			}
		});
		// it does not know this delivery
		worker.channel?.ack({ fields: { deliveryTag: 1000 } } as never);
		await eventually(() => expect(node.log.at("warn").join()).toContain("PRECONDITION_FAILED"));
		await eventually(() => put(1), PATIENT);
		await eventually(() => expect(worked).toEqual([1]));
	});
});

describe("a worker whose queue is deleted", () => {
	// moleculer-amqp takes RabbitMQ's notice of it for a message, rejects it, and the process ends by an unhandled rejection.
	it("declares it again, and goes on", async () => {
		const worked: number[] = [];
		const { node, queue, put, elsewhere } = await startWorker({
			async handler({ n }) {
				worked.push(n);
			}
		});
		await elsewhere(channel => channel.deleteQueue(queue));
		await eventually(() => expect(node.log.at("warn").join()).toContain("was deleted"));
		await eventually(() => put(1), PATIENT);
		await eventually(() => expect(worked).toContain(1));
	});
});

describe("a job whose connection breaks while it is worked", () => {
	// moleculer-amqp acknowledges on the present channel: the number of the first delivery is the second's there, and the job
	// was gone from RabbitMQ while it was worked. Without a channel the process ended.
	it("is delivered again, and not acknowledged by the worker that had it before", async () => {
		const worked: number[] = [];
		const signals: AbortSignal[] = [];
		const [late, now] = [createGate(), createGate()];
		const stage = await startWorker({
			async handler({ n }, signal) {
				worked.push(n);
				signals.push(signal);
				await (worked.length === 1 ? late : now).wait();
			}
		});
		await stage.put(1);
		await late.reached;
		stage.detour.down();
		await eventually(() => expect(signals[0]?.aborted).toBe(true));
		stage.detour.up();
		await eventually(() => expect(worked).toEqual([1, 1]), PATIENT);

		// the first one has ignored its signal, and finishes
		late.open();
		await stage.put(2);
		stage.detour.down();
		await eventually(() => expect(signals[1]?.aborted).toBe(true));
		stage.detour.up();
		await eventually(() => expect(worked).toEqual([1, 1, 1]), PATIENT);
		now.open();
		await eventually(async () => expect(await waiting(stage)).toBe(0), PATIENT);
	});
});

describe("a worker whose queue cannot be declared", () => {
	// moleculer-amqp logged each attempt, one a second, with a stack.
	it("says so once, however often it tries", async () => {
		const { worker, node, queue, elsewhere } = await createWorker({});
		await elsewhere(channel => channel.assertQueue(queue, { durable: true }));
		const { _setup } = worker;
		let attempts = 0;
		worker._setup = channel => {
			attempts++;
			return _setup(channel);
		};
		await node.broker.start();
		await eventually(() => expect(attempts).toBeGreaterThan(2), PATIENT);
		expect(node.log.at("error")).toEqual([]);
		expect(node.log.at("warn")).toEqual([expect.stringContaining("PRECONDITION_FAILED")]);
	});

	// moleculer-amqp's connections set the channel to null when they close, whichever they are. RabbitMQ had not answered the
	// close of one before the next was open: a third was opened, and the worker had two jobs at a time from then on.
	it("has one consumer when it can, even if RabbitMQ does not close the connection on which it could not", async () => {
		const worked: number[] = [];
		const stage = await createWorker({
			async handler({ n }) {
				worked.push(n);
			}
		});
		const { worker, node, queue, detour, elsewhere } = stage;
		await elsewhere(channel => channel.assertQueue(queue, { durable: true }));
		const { _setup } = worker;
		const failed = createGate();
		worker._setup = async channel => {
			try {
				await _setup(channel);
			} catch (error) {
				// RabbitMQ's answers are held back from now on
				if (worked.length === 0) detour.mute();
				failed.wait();
				throw error;
			}
		};
		const started = node.broker.start();
		await failed.reached;
		await elsewhere(channel => channel.deleteQueue(queue));
		await started;
		expect(node.log.at("warn").join()).toContain("PRECONDITION_FAILED");
		await eventually(() => stage.put(1), PATIENT);
		await eventually(() => expect(worked).toEqual([1]), PATIENT);
		const { channel } = worker;

		detour.thaw();
		await stage.put(2);
		await eventually(() => expect(worked).toEqual([1, 2]), PATIENT);
		expect(worker.channel).toBe(channel);
		expect(await consumers(stage)).toBe(1);
	});
});

describe("a RabbitMQ that does not answer", () => {
	it("has no job put on its queue, and the error says so within ten seconds", async () => {
		const { put, detour } = await startWorker({});
		detour.freeze();
		await expect(put(1)).rejects.toMatchObject({ code: 503, type: "QUEUE_UNAVAILABLE" });
		detour.thaw();
		detour.down();
		await eventually(() =>
			expect(put(2)).rejects.toMatchObject({ code: 503, type: "QUEUE_UNAVAILABLE" })
		);
		detour.up();
		await eventually(() => put(3), PATIENT);
	});
});

describe("a worker that stops", () => {
	it("returns its job, for others to have at once", async () => {
		const begun = createGate();
		const stage = await startWorker({
			async handler(_, signal) {
				begun.wait();
				await new Promise(resolve => signal.addEventListener("abort", resolve));
				throw signal.reason;
			}
		});
		await stage.put(1);
		await begun.reached;
		await stage.node.broker.stop();
		expect(await waiting(stage)).toBe(1);
	});

	// moleculer-amqp connects after the stop, and takes jobs.
	it("does not connect any more if it stops while RabbitMQ is away", async () => {
		const stage = await startWorker({});
		const other = await startWorker({}, stage.detour);
		stage.detour.down();
		await eventually(() => expect(stage.worker.channel).toBeNull());
		await stage.node.broker.stop();
		stage.detour.up();
		// another one, which has been without RabbitMQ for as long, connects
		await eventually(() => other.put(1), PATIENT);
		expect(await consumers(stage)).toBe(0);
		expect(stage.worker.channel).toBeNull();
	});

	it.each(["_connect", "_setup"] as const)(
		"does not connect after it either if it stops during %s, and waits for no answer",
		async step => {
			const stage = await createWorker({});
			const { worker, node, detour } = stage;
			const reached = createGate();
			const original = worker[step] as (channel?: Channel) => Promise<void>;
			worker[step] = (channel?: Channel) => {
				detour.freeze();
				reached.wait();
				return original(channel);
			};
			const started = node.broker.start();
			await reached.reached;
			await new Promise(setImmediate);
			await node.broker.stop();
			await started;
			expect(worker.channel).toBeNull();
			detour.thaw();
			expect(await consumers(stage)).toBe(0);
		}
	);

	// Without a channel it had nothing to close, and waited for nothing.
	it("waits for a job whose connection has broken", async () => {
		const late = createGate();
		let ended = false;
		const stage = await startWorker({
			async handler() {
				await late.wait();
				for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
				ended = true;
			}
		});
		await stage.put(1);
		await late.reached;
		stage.detour.down();
		await eventually(() => expect(stage.worker.channel).toBeNull());
		const stopped = stage.node.broker.stop();
		late.open();
		await stopped;
		expect(ended).toBe(true);
	});
});

describe("a worker that is started again in the same process", () => {
	// A flag that said that the node stops was never reset: it set up no connection, and refused every job.
	it.each([
		[
			"with its broker",
			async (broker: ServiceBroker) => {
				await broker.stop();
				await broker.start();
			}
		],
		[
			"alone",
			async (broker: ServiceBroker, schema: ServiceSchema) => {
				await broker.destroyService("worker");
				broker.createService(schema);
				await broker.waitForServices("worker");
			}
		]
	])("works as before: %s", async (_, restart) => {
		const worked: number[] = [];
		const stage = await startWorker({
			async handler({ n }) {
				worked.push(n);
			}
		});
		for (const n of [1, 2]) {
			await restart(stage.node.broker, stage.schema);
			await eventually(() => stage.put(n), PATIENT);
			await eventually(() => expect(worked.at(-1)).toBe(n), PATIENT);
			expect(await consumers(stage)).toBe(1);
		}
		// and continues with what it loses
		stage.detour.down();
		stage.detour.up();
		await eventually(() => stage.put(3), PATIENT);
		await eventually(() => expect(worked.at(-1)).toBe(3), PATIENT);
	});
});
