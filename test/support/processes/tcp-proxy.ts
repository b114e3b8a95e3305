import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";

/** A path for TCP connections that can be frozen, or broken. */
export interface TcpProxy {
	readonly port: number;
	/** Bytes, new connections and closings are held back, and neither side is told. */
	freeze(): void;
	/** What was held back goes on. */
	thaw(): void;
	/** Nothing comes back any more on the existing connections; what is sent still arrives. */
	mute(): void;
	/** Breaks off every connection, and each new one. */
	down(): void;
	/** Lets new connections through again. */
	up(): void;
	close(): Promise<void>;
}

interface Pair {
	readonly near: Socket;
	readonly far: Socket;
}

/** Forwards a port of its own to a port of this machine. */
export async function startTcpProxy(to: number): Promise<TcpProxy> {
	const port = await freePort();
	const pairs = new Set<Pair>();
	let isFrozen = false;
	let isDown = false;
	/** What happened while it was frozen, in order. */
	let held: (() => void)[] = [];
	const orLater = (action: () => void): void => {
		if (isFrozen) held.push(action);
		else action();
	};

	const server: Server = createServer({ allowHalfOpen: true }, near => {
		near.on("error", () => {});
		if (isDown) {
			near.destroy();
			return;
		}
		orLater(() => {
			const far = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true });
			const pair = { near, far };
			pairs.add(pair);
			for (const [from, other] of [
				[near, far],
				[far, near]
			] as const) {
				from.on("data", chunk => other.write(chunk));
				from.on("end", () => orLater(() => other.end()));
				from.on("error", () => {});
				from.on("close", () => {
					pairs.delete(pair);
					orLater(() => other.destroy());
				});
			}
		});
	});
	await new Promise<void>(resolve => server.listen(port, "127.0.0.1", resolve));

	const each = (act: (socket: Socket) => void): void => {
		for (const { near, far } of pairs) {
			act(near);
			act(far);
		}
	};
	const thaw = (): void => {
		isFrozen = false;
		const actions = held;
		held = [];
		for (const action of actions) action();
		each(socket => socket.resume());
	};
	return {
		port,
		freeze() {
			isFrozen = true;
			each(socket => socket.pause());
		},
		thaw,
		mute() {
			for (const { far } of pairs) far.pause();
		},
		down() {
			isDown = true;
			each(socket => socket.destroy());
		},
		up() {
			isDown = false;
		},
		async close() {
			thaw();
			each(socket => socket.destroy());
			await new Promise(resolve => server.close(resolve));
		}
	};
}
