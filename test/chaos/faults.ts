import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "./clients.ts";
import type { Bus, Sending, Stage, StageGateway, StageNode } from "./stage.ts";

/** How much of everything. Times are milliseconds. */
export interface Size {
	readonly clients: number;
	/** Events a second. */
	readonly rate: number;
	readonly cuts: number;
	/** How long a killed gateway stays away. */
	readonly killed: number;
	/** How long RabbitMQ stays away. */
	readonly stopped: number;
	/** How long a connection stands still, each in turn. */
	readonly frozen: readonly number[];
	/** How long faults come at random. */
	readonly random: number;
}

/**
 * What must come of a fault:
 * - `nothing`: no event is lost, and no client is reset;
 * - `told`: no event is lost of which its clients are not told;
 * - `one`: the client that was away is told, and nobody else.
 */
export type Promised = "nothing" | "told" | "one";

export interface Fault {
	readonly name: string;
	readonly promised: Partial<Record<Bus, Promised>>;
	/** Whether it ends and starts RabbitMQ. */
	readonly needsControl?: boolean;
	/** How events are sent meanwhile, if not plainly. */
	readonly sending?: Partial<Sending>;
	/** A small stream, which is truncated meanwhile. */
	readonly maxBytes?: number;
	happen(stage: Stage, clients: readonly Client[], size: Size, random: () => number): Promise<void>;
}

/** Milliseconds that a gateway is behind: less than it waits for what a client has got elsewhere. */
const BEHIND = 400;

const BOTH_TELL = { stream: "nothing", default: "told" } as const;

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
			}
		];
		const end = Date.now() + size.random;
		while (Date.now() < end) {
			await pick(faults)();
			await sleep(random() * 2000);
		}
	}
};

const truncate: Fault = {
	name: "a stream truncated while a client was away",
	promised: { stream: "one" },
	// 300 KB and more a second
	sending: { rate: 200, padding: 1500 },
	maxBytes: 500_000,
	async happen(stage, clients) {
		const [away] = clients;
		away?.cut(12_000);
		await sleep(4000);
		// what they have in memory is gone, so that only what the stream still holds can be given
		for (const gateway of stage.gateways) {
			await stage.restart(gateway, { grace: 10_000 });
			await stage.untilOpen(clients.slice(1));
		}
	}
};

export const FAULTS: readonly Fault[] = [
	cut,
	kill,
	restart,
	stop,
	freeze,
	close,
	unsure,
	random,
	truncate
];

function breakChannel({ process }: StageNode): void {
	process.write("break channel\n");
}

function urlOf({ port }: StageGateway): string {
	return `http://127.0.0.1:${port}`;
}
