import { setTimeout as sleep } from "node:timers/promises";
import type { StageGateway } from "../stage-node.ts";
import { BOTH_TELL, type Fault, urlOf } from "./fault.ts";

const kill: Fault = {
	name: "a gateway killed, and started again",
	promised: BOTH_TELL,
	async happen(stage, clients, { killed }) {
		const [gateway] = stage.gateways as [StageGateway];
		// some come back to where nobody has seen what they missed
		const away = clients.filter((_, index) => index % 4 === 0);
		for (const client of away) {
			client.url = urlOf(gateway);
			client.cut(killed + 1000);
		}
		await stage.restart(gateway, { away: killed });
		await stage.untilOpen(clients);
		for (const client of away) client.url = stage.url;
	}
};

const restart: Fault = {
	name: "both gateways restarted, one after the other",
	promised: BOTH_TELL,
	async happen(stage, clients) {
		for (const gateway of stage.gateways) {
			await stage.restart(gateway, { grace: 10_000 });
			await stage.untilOpen(clients);
		}
	}
};

const suspend: Fault = {
	name: "a gateway suspended",
	promised: BOTH_TELL,
	async happen(stage, _clients, { suspended }) {
		const [gateway] = stage.gateways as [StageGateway];
		for (const time of suspended) {
			await stage.suspend(gateway, time);
			await sleep(3000);
		}
	}
};

/** Faults of gateways. */
export const GATEWAY_FAULTS: readonly Fault[] = [kill, restart, suspend];
