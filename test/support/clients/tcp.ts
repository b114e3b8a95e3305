import { connect } from "node:net";

/** Resolves when something on this machine accepts a TCP connection on the port; rejects if not. */
export function acceptsTcp(port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("error", reject);
		socket.once("connect", () => {
			socket.destroy();
			resolve();
		});
	});
}
