import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

/**
 * The connections between nodes made by Moleculer's TCP transporter, between which no proxy can be put: nodes tell each other
 * their own addresses. While they are cut, each existing one breaks, and so does each new one.
 *
 * @param isOurs whether a port of this process is not the transporter's: a gateway's HTTP
 */
export class TcpLinks {
	readonly #open = new Set<Socket>();
	readonly #isOurs: (port: number) => boolean;
	#isCut = false;

	constructor(isOurs: (port: number) => boolean) {
		this.#isOurs = isOurs;
		// Node publishes each socket before anything is written to it
		subscribe("net.client.socket", message => this.#take((message as { socket: Socket }).socket));
		subscribe("net.server.socket", message => {
			const { socket } = message as { socket: Socket };
			if (!this.#isOurs(socket.localPort ?? 0)) this.#take(socket);
		});
	}

	cut(): void {
		this.#isCut = true;
		for (const socket of this.#open) socket.destroy();
	}

	heal(): void {
		this.#isCut = false;
	}

	#take(socket: Socket): void {
		this.#open.add(socket);
		socket.once("close", () => this.#open.delete(socket));
		if (this.#isCut) process.nextTick(() => socket.destroy(new Error("the link is cut")));
	}
}
