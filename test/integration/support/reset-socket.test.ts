import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, it } from "@jest/globals";
import { resetSocket } from "../../support/clients/reset-socket.ts";
import { onTestFinished } from "../../support/on-test-finished.ts";

/** A server, and a client that has begun to connect to it, and has something to send. */
async function connecting() {
	const server = createServer();
	const arrivals: Socket[] = [];
	server.on("connection", socket => arrivals.push(socket.on("error", () => {})));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const client = connect(port, "127.0.0.1");
	onTestFinished(() => {
		for (const socket of [client, ...arrivals]) socket.destroy();
		server.close();
	});
	client.write("hello");
	return { server, client };
}

const arrival = async (server: ReturnType<typeof createServer>) =>
	((await once(server, "connection")) as [Socket])[0];

// Node's own `resetAndDestroy` waits until the socket is connected. If it was ended by then, the system refused the reset, and
// the connection stayed open for as long as the process lived, though Node called the socket destroyed.
it.each([
	["after it was ended", ["end", "reset"]],
	["before it is ended", ["reset", "end"]]
] as const)("a socket that is reset while it connects, %s, is gone", async (_, steps) => {
	const { client } = await connecting();
	const errors: unknown[] = [];
	client.on("error", error => errors.push(error));
	const closed = once(client, "close");
	for (const step of steps) step === "end" ? client.end() : resetSocket(client);
	await closed;

	expect(errors).toEqual([]);
});

it("a socket that is reset as the other side ends it is gone", async () => {
	const { server, client } = await connecting();
	const peer = await arrival(server);
	const closed = once(client, "close");
	client.once("end", () => resetSocket(client)).resume();
	peer.end();
	await closed;
});

it.each([
	["while it connects", false],
	["when it is connected", true]
])("a socket that is reset %s breaks the connection off, and does not end it", async (_, waits) => {
	const { server, client } = await connecting();
	const arrived = arrival(server);
	if (waits) await once(client, "connect");
	resetSocket(client);
	const peer = await arrived;
	const error = new Promise<Error>(resolve => peer.once("error", resolve));
	peer.resume();

	expect(await error).toMatchObject({ code: "ECONNRESET" });
});
