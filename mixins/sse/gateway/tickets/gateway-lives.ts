import type { ServiceBroker } from "moleculer";
import { TOLERANCE } from "../../core/util/clock.ts";
import type { GatewayService } from "../types.ts";

/** Key in the metadata of a gateway's service, which Moleculer publishes to all nodes. */
const KEY = "sse.life";

const LIFE = /^[\w-]{11}$/;

/** Whether a value may be the name of one life of a gateway. */
export function isLife(value: unknown): value is string {
	return typeof value === "string" && LIFE.test(value);
}

/** Announces a gateway's life. Call this before Moleculer registers the service. */
export function announceLife({ metadata }: GatewayService, life: string): void {
	// In place, because the registry gets this very object.
	if (metadata !== undefined) metadata[KEY] = life;
}

/** The lives of all gateways that this node sends events to, including its own. */
export function announcedLives(broker: ServiceBroker): string[] {
	const services: { metadata?: Record<string, unknown> }[] = broker.registry.services.services;
	return services.map(({ metadata }) => metadata?.[KEY]).filter(isLife);
}

/** Milliseconds for which a gateway is new. After that the clocks prove that a ticket is younger than the gateway. */
const NEW_FOR = 3 * TOLERANCE;
/** Most lives that a ticket names. */
const MAX_NAMED = 32;

/** The gateways that a gateway has met recently. */
export class NewLives {
	readonly #known: () => readonly string[];
	/** When each one was first seen. */
	#met: ReadonlyMap<string, number> = new Map();

	/** @param known Returns the lives of all present gateways. */
	constructor(known: () => readonly string[]) {
		this.#known = known;
	}

	/** Latest first. */
	at(now: number): string[] {
		this.#met = new Map(this.#known().map(life => [life, this.#met.get(life) ?? now]));
		return [...this.#met]
			.filter(([, since]) => now - since <= NEW_FOR)
			.sort(([, a], [, b]) => b - a)
			.map(([life]) => life)
			.slice(0, MAX_NAMED);
	}
}
