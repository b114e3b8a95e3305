/**
 * A sender. `start <file> <name> <first number> <eventName> <events a second> <sessions> <bytes> <throwError>` makes it send,
 * numbered under that name, to sessions `s0`, `s1`, … in turn, and every twentieth event to everyone. It writes to the file
 * what it sends and what becomes of it, one line of JSON each, so that this is known even if it is killed. `stop` ends it: it
 * waits for what is under way, and prints `done <name>`. Once it is told to end, it sends nothing more. `once <bytes>` sends one
 * event of that size to everyone, and `revoke <session>` revokes a session.
 */
import { openSync, writeSync } from "node:fs";
import { broker, obey } from "./broker.ts";

/** Milliseconds between two rounds of sending. */
const ROUND = 20;
/**
 * Milliseconds within which RabbitMQ must take an event before its sender hears. Without `throwError` it hears nothing else
 * then: the event goes on waiting in the node's memory, and ends with the node.
 */
const TIMEOUT = 5000;

interface Run {
	readonly file: number;
	readonly from: string;
	readonly eventName: string;
	readonly sessions: number;
	readonly padding: string;
	readonly throwError: boolean;
}

const pending = new Set<Promise<void>>();
let timer: NodeJS.Timeout | undefined;
let name = "";

function send({ file, from, eventName, sessions, padding, throwError }: Run, n: number): void {
	const write = (line: object) => writeSync(file, `${JSON.stringify(line)}\n`);
	const sessionId = n % 20 === 0 ? "*" : `s${n % sessions}`;
	const at = Date.now();
	write({ from, n, at, sessionId, life: process.pid });
	const began = performance.now();
	const isKept = () => !throwError && performance.now() - began >= TIMEOUT;
	const event = { eventName, sessionId, payload: { from, n, at, padding } };
	// Moleculer's types do not know the option.
	const options = { throwError } as object;
	const settled = Promise.resolve(broker.broadcast("sse.send", event, options)).then(
		() => void write({ n, outcome: isKept() ? "kept" : "sent" }),
		(error: { data?: { unsure?: boolean } }) =>
			void write({ n, outcome: error.data?.unsure ? "unsure" : "rejected" })
	);
	pending.add(settled);
	settled.finally(() => pending.delete(settled));
}

process.once("SIGTERM", () => clearInterval(timer));
await broker.start();
console.log("ready");
await obey({
	start(path = "", from = "", first, eventName = "", rate, sessions, bytes, throwError) {
		name = from;
		const run = {
			file: openSync(path, "a"),
			from,
			eventName,
			sessions: Number(sessions),
			padding: "x".repeat(Number(bytes)),
			throwError: throwError === "true"
		};
		const began = performance.now();
		let sent = 0;
		timer = setInterval(() => {
			const due = ((performance.now() - began) / 1000) * Number(rate);
			while (sent < due) send(run, Number(first) + sent++);
		}, ROUND);
	},
	once(bytes) {
		const payload = "x".repeat(Number(bytes));
		const event = { eventName: "once", sessionId: "*", payload };
		broker.broadcast("sse.send", event).catch(() => {});
	},
	revoke(sessionId) {
		broker.broadcast("sse.close", { sessionId }).catch(() => {});
	},
	async stop() {
		clearInterval(timer);
		await Promise.all(pending);
		console.log(`done ${name}`);
	}
});
