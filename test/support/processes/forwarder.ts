import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "../on-test-finished.ts";

/**
 * Makes `port` on this machine lead to a server elsewhere; ends with the test.
 *
 * @returns Counts the open connections.
 */
export async function forward(
	port: number,
	to: { host: string; port: number }
): Promise<() => number> {
	const sockets = new Set<Socket>();
	const server = createServer(from => {
		const target = connect(to);
		for (const [socket, other] of [
			[from, target],
			[target, from]
		] as const) {
			sockets.add(socket);
			socket.on("error", () => other.destroy());
			socket.on("close", () => sockets.delete(socket));
			socket.pipe(other);
		}
	});
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	await new Promise<void>(resolve => server.listen(port, "127.0.0.1", resolve));
	return () => sockets.size / 2;
}
