import { getEventListeners, once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it } from "@jest/globals";
import {
	loadClient,
	startManager
} from "../../../../mixins/sse/bus/rabbitmq/connection-manager.ts";
import { onTestFinished } from "../../../support/on-test-finished.ts";
import { stubGlobal } from "../../../support/stub-global.ts";

// Every attempt left a listener, and with it a socket, on the one signal of the manager's life: one per second while RabbitMQ
// was away.
it("failed attempts to connect leave nothing on the signal of the following ones", async () => {
	const signals: AbortSignal[] = [];
	class Watched extends AbortController {
		constructor() {
			super();
			signals.push(this.signal);
		}
	}
	stubGlobal("AbortController", Watched);
	const server = createServer(socket => socket.destroy()).listen(0, "127.0.0.1");
	onTestFinished(() => void server.close());
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const { manager, cutOff } = startManager(
		await loadClient(),
		{ url: `amqp://127.0.0.1:${port}` },
		"test"
	);
	const failures = Promise.withResolvers<void>();
	let failed = 0;
	manager.on("connectFailed", () => {
		if (++failed === 3) failures.resolve();
	});
	await failures.promise;
	await manager.close();
	cutOff();

	const listeners = signals.map(signal => getEventListeners(signal, "abort").length);
	// those of one attempt
	expect(Math.max(...listeners)).toBeLessThanOrEqual(2);
	expect(signals.at(-1)?.aborted).toBe(true);
});
