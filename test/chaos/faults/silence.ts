import { setTimeout as sleep } from "node:timers/promises";
import type { StageGateway, StageNode } from "../stage-node.ts";
import { BOTH_TELL, type Fault } from "./fault.ts";

const gatewayCutOff: Fault = {
	name: "a gateway cut off, and silence since",
	promised: BOTH_TELL,
	async happen({ gateways }, _clients, { cutOff }) {
		const [{ proxy }] = gateways as [StageGateway];
		proxy.down();
		await sleep(cutOff);
	},
	async endInSilence({ gateways }) {
		const [{ proxy }] = gateways as [StageGateway];
		proxy.up();
	}
};

const senderCutOff: Fault = {
	name: "a sender cut off, and silence since",
	promised: BOTH_TELL,
	async happen({ senders }, _clients, { cutOff }) {
		const [{ proxy }] = senders as [StageNode];
		proxy.down();
		await sleep(cutOff);
	},
	async endInSilence({ senders }) {
		const [{ proxy }] = senders as [StageNode];
		proxy.up();
	}
};

const stopped: Fault = {
	name: "RabbitMQ stopped, and silence since",
	promised: BOTH_TELL,
	needsControl: true,
	async happen({ rabbitmq }, _clients, { stopped }) {
		await rabbitmq.stop({ keepData: true });
		await sleep(stopped);
	},
	endInSilence: ({ rabbitmq }) => rabbitmq.start()
};

/** The last events are lost: no event follows that would show it. */
export const SILENT_FAULTS: readonly Fault[] = [gatewayCutOff, senderCutOff, stopped];
