import { setTimeout as sleep } from "node:timers/promises";
import type { Stage } from "../stage.ts";
import type { StageGateway, StageNode } from "../stage-node.ts";
import { BOTH_TELL, type Fault } from "./fault.ts";

/** Restarts a sender while a gateway hears nothing: of its old life, or of where that ended. */
async function restartUnheard(stage: Stage, kill: boolean, cutOff: number): Promise<void> {
	const [{ proxy }] = stage.gateways as [StageGateway];
	const [sender] = stage.senders as [StageNode];
	proxy.down();
	await sleep(cutOff / 2);
	await stage.restartSender(sender, { kill });
	await sleep(cutOff / 2);
	proxy.up();
}

const restartWhileGatewayIsCutOff: Fault = {
	name: "a sender restarted while a gateway was cut off",
	promised: BOTH_TELL,
	happen: (stage, _clients, { cutOff }) => restartUnheard(stage, false, cutOff)
};

const killWhileGatewayIsCutOff: Fault = {
	name: "a sender killed, and started again, while a gateway was cut off",
	promised: BOTH_TELL,
	happen: (stage, _clients, { cutOff }) => restartUnheard(stage, true, cutOff)
};

const restartHeard: Fault = {
	name: "a sender restarted while everybody heard it",
	promised: { stream: "nothing", default: "nothing" },
	happen: stage => stage.restartSender(stage.senders[0] as StageNode)
};

const restartWhileRabbitMqIsAway: Fault = {
	name: "a sender restarted, and another killed, while RabbitMQ was away",
	promised: BOTH_TELL,
	needsControl: true,
	sending: { throwError: true },
	async happen(stage, _clients, { stopped }) {
		const [one, other] = stage.senders as [StageNode, StageNode];
		await stage.rabbitmq.stop({ keepData: true });
		await sleep(stopped / 2);
		// they are ready when they can reach RabbitMQ again
		await Promise.all([
			stage.restartSender(one),
			stage.restartSender(other, { kill: true }),
			sleep(stopped / 2).then(() => stage.rabbitmq.start())
		]);
	}
};

const suspend: Fault = {
	name: "a sender suspended",
	promised: BOTH_TELL,
	async happen(stage, _clients, { suspended }) {
		for (const time of suspended) {
			await stage.suspend(stage.senders[0] as StageNode, time);
			await sleep(3000);
		}
	}
};

/** Faults of senders. */
export const SENDER_FAULTS: readonly Fault[] = [
	restartHeard,
	restartWhileGatewayIsCutOff,
	killWhileGatewayIsCutOff,
	restartWhileRabbitMqIsAway,
	suspend
];
