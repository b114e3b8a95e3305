import { createSocket } from "node:dgram";

/** A name server on loopback, with only what a proxy asks: addresses (A) of the names that it is given. */
export interface NameServer {
	readonly port: number;
	/** From now on the name has these addresses; with none it is unknown. */
	set(name: string, addresses: readonly string[]): void;
	close(): void;
}

const HEADER = 12;
/** A response, recursion desired and available. */
const FLAGS = 0x8180;
const UNKNOWN_NAME = 3;
/** A pointer to the question's name, type A, class IN, a second to live, four bytes. */
const ANSWER = Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);

export async function startNameServer(): Promise<NameServer> {
	const names = new Map<string, readonly string[]>();
	const socket = createSocket("udp4");
	socket.on("message", (query, { port, address }) => {
		const { name, end } = question(query);
		const addresses = names.get(name) ?? [];
		const head = Buffer.alloc(HEADER);
		query.copy(head, 0, 0, 2);
		head.writeUInt16BE(FLAGS | (addresses.length === 0 ? UNKNOWN_NAME : 0), 2);
		head.writeUInt16BE(1, 4);
		head.writeUInt16BE(addresses.length, 6);
		const answers = addresses.flatMap(each => [ANSWER, Buffer.from(each.split(".").map(Number))]);
		socket.send(Buffer.concat([head, query.subarray(HEADER, end), ...answers]), port, address);
	});
	await new Promise<void>(resolve => socket.bind(0, "127.0.0.1", resolve));
	return {
		port: socket.address().port,
		set: (name, addresses) => void names.set(name, addresses),
		close: () => void socket.close()
	};
}

/** The requested name, and where its question ends. */
function question(query: Buffer): { name: string; end: number } {
	const labels: string[] = [];
	let at = HEADER;
	for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
		labels.push(query.toString("latin1", at + 1, at + 1 + length));
		at += 1 + length;
	}
	// the end of the name, the type and the class
	return { name: labels.join("."), end: at + 5 };
}
