import { fileURLToPath } from "node:url";
import { describe, expect, it, jest } from "@jest/globals";
import { type BrokerOptions, type Middleware, ServiceBroker, type ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";
import { SseMiddleware, SseMixin } from "../../mixins/sse/index.ts";
import { gatewaySchema, startGateway, TestNode } from "../support/gateway/gateway.ts";
import { HandBus } from "../support/gateway/hand-bus.ts";
import { RecordedLog } from "../support/gateway/recorded-log.ts";
import { onTestFinished } from "../support/on-test-finished.ts";
import { spawnNode } from "../support/processes/process.ts";

const WORKERS = fileURLToPath(new URL("../support/fixtures/cluster-workers.ts", import.meta.url));

/** The message with which a broker of these middlewares fails to be created, after which Moleculer ends the process. */
function fatalOf(middlewares: unknown[]): string {
	const log = new RecordedLog();
	const exit = jest.spyOn(process, "exit").mockImplementation(() => undefined as never);
	onTestFinished(() => exit.mockRestore());
	new ServiceBroker({ logger: log, middlewares: middlewares as Middleware[] });
	expect(exit).toHaveBeenCalledWith(1);
	return log.at("fatal").join();
}

/** The error with which a service of these mixins fails to be created. */
function problemOf(mixins: unknown): unknown {
	const broker = new ServiceBroker({ logger: false });
	try {
		broker.createService({ name: "api", mixins, settings: { port: 0 } } as ServiceSchema);
	} catch (error) {
		return error;
	}
	throw new Error("the service was created");
}

// Each of these mistakes was silent: Moleculer found nothing to mix in in a function, took the broker for the middleware's
// options, or had each event checked twice and refused.
describe("a half that is used in the wrong place stops the start, and says what to write", () => {
	it.each([
		["among mixins", [SseMixin, ApiGateway]],
		["last among mixins", [ApiGateway, SseMixin]],
		["in place of mixins", SseMixin],
		["in a mixin of a mixin", [{ mixins: [SseMixin] }, ApiGateway]]
	])("SseMixin that was not called, %s", (_, mixins) => {
		expect(problemOf(mixins)).toMatchObject({
			name: "SseError",
			type: "SSE_INVALID_OPTION",
			message: expect.stringContaining("mixins: [SseMixin(), ApiGateway]")
		});
	});

	it("SseMiddleware that was not called", () => {
		expect(fatalOf([SseMiddleware])).toContain("middlewares: [SseMiddleware()]");
	});

	it("SseMiddleware twice", () => {
		expect(fatalOf([SseMiddleware(), SseMiddleware()])).toContain("SseMiddleware is used twice");
		const one = SseMiddleware();
		expect(fatalOf([one, one])).toContain("SseMiddleware is used twice");
	});

	it("SseMixin twice", () => {
		for (const path of ["/sse", null]) {
			expect(problemOf([SseMixin({ path }), SseMixin({ path }), ApiGateway])).toMatchObject({
				type: "SSE_INVALID_OPTION",
				message: expect.stringContaining("SseMixin is used twice")
			});
		}
	});

	it("SseMiddleware among mixins", () => {
		expect(problemOf([SseMiddleware(), ApiGateway])).toMatchObject({
			type: "SSE_INVALID_OPTION",
			message: expect.stringContaining("middlewares: [SseMiddleware()]")
		});
	});

	it("SseMixin among middlewares", () => {
		expect(fatalOf([SseMixin()])).toContain("mixins: [SseMixin(), ApiGateway]");
	});

	it("not one middleware for several brokers, one after the other or at once", async () => {
		const one = SseMiddleware();
		const nodes = ["a", "b"].map(
			nodeID => new TestNode({ middleware: false, broker: { nodeID, middlewares: [one] } })
		);
		for (const { broker } of nodes) await broker.start();

		expect(nodes.flatMap(({ log }) => [...log.at("warn"), ...log.at("error")])).toEqual([]);
	});
});

describe("a broker that delivers no events, or not where they should go, says so", () => {
	const logOf = (options: BrokerOptions) => {
		const log = new RecordedLog();
		new ServiceBroker({ logger: log, ...options }).createService(gatewaySchema());
		return log;
	};

	it.each([
		["with SseMiddleware", [SseMiddleware()]],
		["without it", []]
	])("without a transporter, and without the balancer: %s", (_, middlewares) => {
		const log = logOf({ disableBalancer: true, middlewares });

		expect(log.at("error")).toEqual([expect.stringContaining("leave `disableBalancer` out")]);
	});

	it.each([SseMiddleware, SseMiddleware()])(
		"with `middlewares` that is not an array",
		middlewares => {
			const log = logOf({ middlewares: middlewares as never });

			expect(log.at("error")).toEqual([expect.stringContaining("middlewares: [SseMiddleware()]")]);
		}
	);

	it("as one of a cluster's workers, without a transporter", async () => {
		const workers = spawnNode(WORKERS, []);
		onTestFinished(() => workers.stop());
		expect(await workers.exited).toBe("code 0");

		expect(workers.output).toMatch(/WARN +alone\b.*worker of a cluster and has no transporter/);
		expect(workers.output.match(/worker of a cluster/g)).toHaveLength(1);
	});

	it("and no other does", async () => {
		const gateway = await startGateway();
		const { gateway: reading } = await HandBus.start();

		for (const { log } of [gateway, reading]) {
			expect([...log.at("warn"), ...log.at("error")]).toEqual([]);
		}
	});
});
