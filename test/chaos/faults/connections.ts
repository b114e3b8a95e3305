import { setTimeout as sleep } from "node:timers/promises";
import type { StageNode } from "../stage-node.ts";
import { BOTH_TELL, breakChannel, type Fault } from "./fault.ts";

const freeze: Fault = {
	name: "a gateway's connection to RabbitMQ frozen",
	promised: BOTH_TELL,
	async happen({ gateways: [gateway] }, _clients, { frozen }) {
		for (const time of frozen) {
			gateway?.proxy.freeze();
			await sleep(time);
			gateway?.proxy.thaw();
			await sleep(3000);
		}
	}
};

const close: Fault = {
	name: "a sender's, then a gateway's channels closed by RabbitMQ",
	promised: BOTH_TELL,
	async happen({ senders, gateways }) {
		for (const node of [senders[0], gateways[0]]) {
			breakChannel(node as StageNode);
			await sleep(4000);
		}
	}
};

const unsure: Fault = {
	name: "a sender's connection lost before RabbitMQ's confirmations came",
	// it sends again what may have arrived, whether or not it has
	promised: { stream: "nothing" },
	async happen({ senders }) {
		const [{ proxy }] = senders as [StageNode];
		proxy.mute();
		await sleep(1000);
		proxy.down();
		proxy.up();
		await sleep(3000);
		proxy.freeze();
		await sleep(1000);
		proxy.down();
		proxy.thaw();
		proxy.up();
	}
};

/** Faults of the path between a node and RabbitMQ. */
export const CONNECTION_FAULTS: readonly Fault[] = [freeze, close, unsure];
