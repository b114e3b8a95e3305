import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../clients.ts";
import type { Bus, Sending, Stage } from "../stage.ts";
import type { StageGateway, StageNode } from "../stage-node.ts";

/** How much of everything. Times are milliseconds. */
export interface Size {
	readonly clients: number;
	/** Events per second. */
	readonly rate: number;
	readonly cuts: number;
	/** How long a killed gateway stays away. */
	readonly killed: number;
	/** How long RabbitMQ stays away. */
	readonly stopped: number;
	/** How long a connection is frozen, each in turn. */
	readonly frozen: readonly number[];
	/** How long a node is cut off from RabbitMQ. */
	readonly cutOff: number;
	/** How long a process is suspended, each in turn. */
	readonly suspended: readonly number[];
	/** How long RabbitMQ's memory alarm lasts, each in turn. */
	readonly alarmed: readonly number[];
	/** How long random faults occur. */
	readonly random: number;
}

/**
 * What must result from a fault:
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
	/** Whether clients may get again, on the stream, what they got elsewhere: only if each is first told `unknown`. */
	readonly mayRepeat?: boolean;
	/** How events are sent meanwhile, unless plainly. */
	readonly sending?: Partial<Sending>;
	/** A small RabbitMQ stream, which is truncated meanwhile. */
	readonly maxBytes?: number;
	happen(stage: Stage, clients: readonly Client[], size: Size, random: () => number): Promise<void>;
	/** Ends the fault once the senders have fallen silent: nothing follows that would show what was lost. */
	endInSilence?(stage: Stage): Promise<void>;
}

/** A promise that Moleculer events cannot keep: what is lost there is reported. */
export const BOTH_TELL = { stream: "nothing", default: "told" } as const;

export function breakChannel({ process }: StageNode): void {
	process.write("break channel\n");
}

export function urlOf({ port }: StageGateway): string {
	return `http://127.0.0.1:${port}`;
}

/** Sends clients to the other gateway, and at once back to the first, and so on, at even intervals; half of them each time. */
export async function moveAbout(
	{ gateways, url }: Stage,
	clients: readonly Client[],
	time: number
): Promise<void> {
	const moves = 4;
	for (let move = 0; move < moves; move++) {
		for (const [index, client] of clients.entries()) {
			if ((index + move) % 2 === 1) continue;
			client.url = urlOf(gateways[(index + (move >> 1)) % gateways.length] as StageGateway);
			client.cut();
		}
		await sleep(time / moves);
	}
	for (const client of clients) client.url = url;
}
