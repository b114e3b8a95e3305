import { setTimeout as sleep } from "node:timers/promises";
import type { StageGateway } from "../stage-node.ts";
import { BOTH_TELL, type Fault } from "./fault.ts";

const stop: Fault = {
	name: "RabbitMQ stopped, and started again",
	promised: BOTH_TELL,
	needsControl: true,
	sending: { throwError: true },
	async happen({ rabbitmq }, _clients, { stopped }) {
		await rabbitmq.stop({ keepData: true });
		await sleep(stopped);
		await rabbitmq.start();
	}
};

const truncate: Fault = {
	name: "a stream truncated while a client was away",
	promised: { stream: "one" },
	// 600 KB and more a second
	sending: { rate: 200, padding: 3000 },
	maxBytes: 500_000,
	async happen(stage, clients) {
		const [away] = clients;
		away?.leave();
		const truncated = sleep(12_000);
		await sleep(4000);
		// what they have in memory is gone, so that only what is still on the RabbitMQ stream can be given
		for (const gateway of stage.gateways) {
			await stage.restart(gateway, { grace: 10_000 });
			await stage.untilOpen(clients.slice(1));
		}
		await truncated;
		away?.comeBack();
	}
};

const alarm: Fault = {
	name: "RabbitMQ's memory alarm",
	promised: BOTH_TELL,
	needsControl: true,
	async happen({ rabbitmq }, _clients, { alarmed }) {
		for (const time of alarmed) {
			await rabbitmq.alarm(true);
			await sleep(time);
			await rabbitmq.alarm(false);
			await sleep(3000);
		}
	}
};

const deleteSource: Fault = {
	name: "what a gateway reads deleted: the stream, or its queue",
	promised: { stream: "told", default: "told" },
	happen: stage => stage.deleteSource(stage.gateways[0] as StageGateway)
};

/** Faults of RabbitMQ, and of what it keeps. */
export const RABBITMQ_FAULTS: readonly Fault[] = [stop, truncate, alarm, deleteSource];
