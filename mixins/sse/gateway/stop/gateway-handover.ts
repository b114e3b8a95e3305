import { isStreamAlias } from "../route/alias.ts";
import type { GatewayService } from "../types.ts";

/** Key in the metadata of a gateway's service, which Moleculer publishes to all nodes: the paths at which it streams. */
const KEY = "sse.paths";
/** Most milliseconds that a node usually takes to close its port after its streams have ended. */
const CLOSING = 1000;

/**
 * The stop of a gateway, as its clients see it. They continue at another gateway, if there is one; otherwise they would come
 * back to this one, and be sent away again and again.
 */
export class GatewayHandover {
	readonly #service: GatewayService;
	/** `performance.now()` by which the gateway has stopped; undefined while it does not stop, or if there are others. */
	#isOverAt: number | undefined;

	constructor(service: GatewayService) {
		this.#service = service;
	}

	/** Publishes the paths at which this gateway streams. Call this before Moleculer registers the service. */
	announce(): void {
		const { metadata } = this.#service;
		// In place, because the registry gets this very object.
		if (metadata !== undefined) metadata[KEY] = this.#paths();
	}

	/** @param window Milliseconds that the stop takes. */
	begin(window: number): void {
		this.#isOverAt = this.#hasOther() ? undefined : performance.now() + window + CLOSING;
	}

	/** The gateway takes streams again. */
	cancel(): void {
		this.#isOverAt = undefined;
	}

	/** Milliseconds for which a client that is sent away finds no gateway if it comes back; 0 if it finds one. */
	get timeLeft(): number {
		if (this.#isOverAt === undefined) return 0;
		return Math.ceil(Math.max(0, this.#isOverAt - performance.now()));
	}

	/** Whether another node, as far as this one knows, streams at one of the same paths. */
	#hasOther(): boolean {
		const { nodeID, registry } = this.#service.broker;
		const own = this.#paths();
		const services: RegisteredService[] = registry.services.services;
		return services.some(({ node, metadata }) => {
			const paths = metadata?.[KEY];
			if (node.id === nodeID || !node.available || !Array.isArray(paths)) return false;
			return own.some(path => paths.includes(path));
		});
	}

	#paths(): string[] {
		const streams = (this.#service.aliases ?? []).filter(isStreamAlias);
		return [...new Set(streams.map(({ fullPath = "" }) => fullPath))];
	}
}

interface RegisteredService {
	readonly node: { readonly id: string; readonly available: boolean };
	readonly metadata?: Record<string, unknown>;
}
