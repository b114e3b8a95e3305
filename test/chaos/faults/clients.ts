import { setTimeout as sleep } from "node:timers/promises";
import type { StageGateway } from "../stage.ts";
import { type Fault, urlOf } from "./fault.ts";

/** Milliseconds that a gateway is behind: less than it waits for what a client has got elsewhere. */
const BEHIND = 400;

const cut: Fault = {
	name: "clients cut and sent to the other gateway",
	promised: { stream: "nothing", default: "nothing" },
	async happen({ gateways, url }, clients, { cuts }) {
		const rounds = Math.ceil(cuts / clients.length);
		for (let round = 0; round < rounds; round++) {
			// each round sends every client to the other one, which is behind: they have got what it has not
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

/** What befalls clients. */
export const CLIENT_FAULTS: readonly Fault[] = [cut];
