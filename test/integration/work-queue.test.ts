import { describe, expect, it } from "@jest/globals";
import type { Channel } from "amqplib";
import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import {
	type WorkQueue,
	type WorkQueueSchema,
	workQueue
} from "../../services/work-queue/work-queue.ts";
import { eventually } from "../support/eventually.ts";
import { createGate } from "../support/gate.ts";
import { TestNode } from "../support/gateway/gateway.ts";

interface Job {
	n: number;
}

type Worker = Service & WorkQueue & { channel: Channel };

/** A worker on a queue in its process; returns what it does by itself. */
async function startWorker(queue: Partial<WorkQueueSchema<Job, Service>>): Promise<{
	node: TestNode;
	schema: ServiceSchema;
	worker: Worker;
	put(n: number): Promise<void>;
}> {
	const node = new TestNode();
	const schema = {
		name: "worker",
		mixins: [workQueue(null)],
		queues: {
			jobs: {
				params: { n: "number" },
				handler: async () => {},
				errorStrategy: async () => ({ requeue: false }),
				...queue
			}
		}
	} as ServiceSchema;
	const worker = node.broker.createService(schema) as Worker;
	await node.broker.start();
	return { node, schema, worker, put: n => worker.put("jobs", { n }) };
}

describe("a work queue in the process", () => {
	it("works one job at a time, in order", async () => {
		const gate = createGate();
		const worked: number[] = [];
		const { put } = await startWorker({
			async handler({ n }) {
				worked.push(n);
				await gate.wait();
			}
		});
		for (const n of [1, 2, 3]) await put(n);
		await gate.reached;
		expect(worked).toEqual([1]);
		gate.open();
		await eventually(() => expect(worked).toEqual([1, 2, 3]));
	});

	it("gives a failed job that is to be retried to the worker before all others", async () => {
		const worked: number[] = [];
		const { put } = await startWorker({
			async handler({ n }) {
				worked.push(n);
				if (worked.length === 1) throw new Error("not this time");
			},
			errorStrategy: async () => ({ requeue: true })
		});
		for (const n of [1, 2]) await put(n);
		await eventually(() => expect(worked).toEqual([1, 1, 2]));
	});

	// The channel was closed, after which a queue in RabbitMQ starts again, and one in the process ended.
	it("goes on if the strategy for a failed job itself fails", async () => {
		const worked: number[] = [];
		let strategies = 0;
		const { node, put } = await startWorker({
			async handler({ n }) {
				worked.push(n);
				if (worked.length < 3) throw new Error("not this time");
			},
			async errorStrategy() {
				if (strategies++ === 0) throw new Error("nor this");
				return { requeue: true };
			}
		});
		for (const n of [1, 2]) await put(n);
		await eventually(() => expect(worked).toEqual([1, 1, 1, 2]));
		expect(node.log.at("error").join()).toContain("the job comes again");
	});

	it.each([
		["no JSON", "{"],
		["no job", '{"n":"one"}'],
		["nothing", ""],
		["null", "null"],
		["a list", "[1]"],
		// It was given back to the queue at once, for ever, and nothing was logged: its check had failed by another error.
		["too deep to be checked", `${"[".repeat(100_000)}${"]".repeat(100_000)}`]
	])("gives a message that is %s to no worker, and goes on", async (_, content) => {
		const worked: number[] = [];
		const errors: Error[] = [];
		const { worker, put } = await startWorker({
			async handler({ n }) {
				worked.push(n);
			},
			async errorStrategy(error, job) {
				errors.push(error);
				return { requeue: job !== undefined };
			}
		});
		worker.channel.sendToQueue("jobs", Buffer.from(content));
		await put(2);
		await eventually(() => expect(worked).toEqual([2]));
		expect(errors).toHaveLength(1);
	});

	it("takes a thousand jobs, and refuses the next", async () => {
		const gate = createGate();
		const { put } = await startWorker({ handler: () => gate.wait() });
		await put(0);
		await gate.reached;
		for (let n = 1; n <= 1000; n++) await put(n);
		await expect(put(1001)).rejects.toMatchObject({ code: 503, type: "QUEUE_FULL" });
		gate.open();
		await eventually(() => put(1001));
	});

	it("takes a job back from its worker when the node stops, waits for it, and takes no more", async () => {
		const begun = createGate();
		let ended = false;
		const { node, put } = await startWorker({
			async handler(_, signal) {
				begun.wait();
				await new Promise(resolve => signal.addEventListener("abort", resolve));
				await new Promise(setImmediate);
				ended = true;
				throw signal.reason;
			},
			errorStrategy: async () => ({ requeue: true })
		});
		await put(1);
		await begun.reached;
		await node.broker.stop();
		expect(ended).toBe(true);
		expect(node.log.at("warn")).toContain("Jobs that waited in this process are lost: 1.");
		await expect(put(2)).rejects.toMatchObject({ code: 503, type: "QUEUE_UNAVAILABLE" });
	});

	it("takes no job for a queue that the service does not have", async () => {
		const { worker } = await startWorker({});
		await expect(worker.put("job", { n: 1 })).rejects.toThrow("no queue 'job': it has 'jobs'");
	});

	it("takes no job that is not JSON, and says that the job is at fault", async () => {
		const { worker } = await startWorker({});
		await expect(worker.put("jobs", { n: 1n })).rejects.toThrow("BigInt");
	});

	// A flag that said that the node stops was never reset: every job was refused.
	it.each([
		[
			"its broker is stopped and started again",
			async (broker: ServiceBroker) => {
				await broker.stop();
				await broker.start();
			}
		],
		[
			"it is destroyed and created again",
			async (broker: ServiceBroker, schema: ServiceSchema) => {
				await broker.destroyService("worker");
				broker.createService(schema);
				await broker.waitForServices("worker");
			}
		]
	])("works jobs as before when %s", async (_, restart) => {
		const worked: number[] = [];
		const { node, schema, put } = await startWorker({
			async handler({ n }) {
				worked.push(n);
			}
		});
		await put(1);
		await eventually(() => expect(worked).toEqual([1]));
		for (const n of [2, 3]) {
			await restart(node.broker, schema);
			const worker = node.broker.getLocalService("worker") as Worker;
			await worker.put("jobs", { n });
			await eventually(() => expect(worked.at(-1)).toBe(n));
		}
		expect(worked).toEqual([1, 2, 3]);
	});
});
