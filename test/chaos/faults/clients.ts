import { setTimeout as sleep } from "node:timers/promises";
import type { StageGateway, StageNode } from "../stage-node.ts";
import { BOTH_TELL, type Fault, moveAbout, urlOf } from "./fault.ts";

/** Milliseconds by which a gateway is behind: less than it waits for what a client has got elsewhere. */
const BEHIND = 400;

const cut: Fault = {
	name: "clients cut and sent to the other gateway",
	promised: { stream: "nothing", default: "nothing" },
	async happen({ gateways, url }, clients, { cuts }) {
		const rounds = Math.ceil(cuts / clients.length);
		for (let round = 0; round < rounds; round++) {
			// each round sends every client to the other gateway, which is behind: they have got what it has not
			const gateway = gateways[round % gateways.length] as StageGateway;
			gateway.proxy.freeze();
			const thawed = sleep(BEHIND).then(() => gateway.proxy.thaw());
			for (const client of clients.slice(0, cuts - round * clients.length)) {
				client.url = urlOf(gateway);
				client.cut();
				await sleep(10);
			}
			await thawed;
		}
		for (const client of clients) client.url = url;
	}
};

const moveWhileGatewayIsCutOff: Fault = {
	name: "clients moved between gateways while one was cut off",
	// a gateway waits only for a moment until it hears of what a client has got elsewhere
	promised: { stream: "told", default: "told" },
	mayRepeat: true,
	async happen(stage, clients, { cutOff }) {
		const [{ proxy }] = stage.gateways as [StageGateway];
		proxy.down();
		await moveAbout(stage, clients, cutOff);
		proxy.up();
	}
};

const moveWhileSenderIsCutOff: Fault = {
	name: "clients moved between gateways while a sender was cut off",
	promised: BOTH_TELL,
	async happen(stage, clients, { cutOff }) {
		const [{ proxy }] = stage.senders as [StageNode];
		proxy.down();
		await moveAbout(stage, clients, cutOff);
		proxy.up();
		// until it is heard again: by then what was lost has been reported to some of them, and not to others
		await moveAbout(stage, clients, cutOff);
	}
};

const moveWhileRabbitMqIsAway: Fault = {
	name: "clients moved between gateways while RabbitMQ was away",
	promised: BOTH_TELL,
	needsControl: true,
	sending: { throwError: true },
	async happen(stage, clients, { stopped }) {
		await stage.rabbitmq.stop({ keepData: true });
		await moveAbout(stage, clients, stopped);
		await stage.rabbitmq.start();
		await moveAbout(stage, clients, stopped);
	}
};

/** Faults of clients. */
export const CLIENT_FAULTS: readonly Fault[] = [
	cut,
	moveWhileGatewayIsCutOff,
	moveWhileSenderIsCutOff,
	moveWhileRabbitMqIsAway
];
