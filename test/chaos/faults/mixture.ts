import { setTimeout as sleep } from "node:timers/promises";
import { breakChannel, type Fault, moveAbout } from "./fault.ts";

const random: Fault = {
	name: "all of these, at random",
	promised: { stream: "told", default: "told" },
	needsControl: true,
	async happen(stage, clients, size, random) {
		const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
		const faults: (() => Promise<void>)[] = [
			async () => {
				for (const client of clients) if (random() < 0.3) client.cut(random() * 1000);
			},
			() => stage.restart(pick(stage.gateways), { away: random() * 3000 }),
			() => stage.restart(pick(stage.gateways), { grace: 10_000 }),
			async () => {
				const { proxy } = pick([...stage.gateways, ...stage.senders]);
				proxy.freeze();
				await sleep(random() * 5000);
				proxy.thaw();
			},
			async () => breakChannel(pick([...stage.gateways, ...stage.senders])),
			async () => {
				await stage.rabbitmq.stop({ keepData: true });
				await sleep(random() * 3000);
				await stage.rabbitmq.start();
			},
			() => moveAbout(stage, clients, random() * 2000),
			() => stage.restartSender(pick(stage.senders), { kill: random() < 0.5 }),
			() => stage.suspend(pick([...stage.gateways, ...stage.senders]), random() * 5000)
		];
		const end = Date.now() + size.random;
		while (Date.now() < end) {
			await pick(faults)();
			await sleep(random() * 2000);
		}
	}
};

/** Many faults, one after the other. */
export const MIXTURES: readonly Fault[] = [random];
