import type { ServerKind, Servers } from "./bring.ts";
import type { Server } from "./server.ts";

/**
 * The servers of a run. One that is to be killed belongs to one stage; others are shared by stages, which are separated by
 * their namespaces.
 */
export class Shelf {
	readonly #servers: Servers;
	readonly #shared = new Map<ServerKind, Promise<Server>>();
	#booting: Promise<unknown> = Promise.resolve();

	constructor(servers: Servers) {
		this.#servers = servers;
	}

	/** Why there is none of a kind, or null. */
	lack(kind: ServerKind): string | null {
		const make = this.#servers.get(kind);
		return typeof make === "function" ? null : (make ?? `there is no ${kind}`);
	}

	/** A started one, which the caller stops. */
	take(kind: ServerKind): Promise<Server> {
		const make = this.#servers.get(kind);
		if (typeof make !== "function") throw new Error(`${this.lack(kind)}`);
		// one at a time: several RabbitMQs that boot at once keep two cores busy for minutes
		const started = this.#booting.then(async () => {
			const server = await make();
			await server.start();
			return server;
		});
		this.#booting = started.catch(() => {});
		return started;
	}

	/** A started one, which only `stop` stops. */
	share(kind: ServerKind): Promise<Server> {
		const shared = this.#shared.get(kind) ?? this.take(kind);
		this.#shared.set(kind, shared);
		return shared;
	}

	async stop(): Promise<void> {
		for (const shared of this.#shared.values()) await (await shared.catch(() => null))?.stop();
	}
}
