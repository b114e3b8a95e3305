import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { reportIfUnhandled } from "../../../mixins/sse/moleculer/broadcast/unhandled-rejection.ts";
import { watchTransporter } from "../../../mixins/sse/moleculer/transporter/transporter-health.ts";
import { RecordedLog } from "../../support/gateway/recorded-log.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";

// A callback of Moleculer or Node must not throw: out of a listener, a timer or a setImmediate an error would end the process,
// or interrupt what Moleculer is about to do.

function createBroker(transporter?: "Fake") {
	const log = new RecordedLog();
	const broker = new ServiceBroker({
		logger: log,
		namespace: crypto.randomUUID(),
		...(transporter && { transporter })
	});
	onTestFinished(() => broker.stop());
	return { broker, log };
}

describe("an event that fails while nobody waits for it", () => {
	it.each(
		[undefined, null, "no connection", new Error("no connection")].map(
			reason => [String(reason), reason] as const
		)
	)("is logged as an error, whatever it rejects with: %s", async (_, reason) => {
		const told = jest.fn();
		reportIfUnhandled(Promise.reject(reason), told);
		await turn();
		await turn();
		expect(told).toHaveBeenCalledTimes(1);
		expect(told).toHaveBeenCalledWith(expect.any(Error));
	});
});

describe("a transporter whose channel the message broker has closed", () => {
	it.each([
		[
			"throws",
			() => {
				throw new Error("Connection closing");
			}
		],
		["rejects", () => Promise.reject(new Error("Connection closing"))]
	])("is logged when closing its connection %s", async (_, close) => {
		const { broker, log } = createBroker("Fake");
		await broker.start();
		watchTransporter(broker);
		Object.assign(broker.transit?.tx as object, { channel: null, connection: { close } });
		broker.localBus.emit("$transporter.error", {});
		await turn();
		await turn();
		expect(log.at("error").join()).toContain("Connection closing");
	});
});
