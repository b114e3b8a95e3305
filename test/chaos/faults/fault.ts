import type { Client } from "../clients.ts";
import type { Bus, Sending, Stage, StageGateway, StageNode } from "../stage.ts";

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

/** A promise that Moleculer events cannot keep: what is lost there is told. */
export const BOTH_TELL = { stream: "nothing", default: "told" } as const;

export function breakChannel({ process }: StageNode): void {
	process.write("break channel\n");
}

export function urlOf({ port }: StageGateway): string {
	return `http://127.0.0.1:${port}`;
}
