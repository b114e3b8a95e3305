/**
 * A sender. `start <name> <eventName> <events a second> <sessions> <bytes> <throwError>` has it send, numbered under that
 * name, to sessions `s0`, `s1`, … in turn, and every twentieth event to everyone. `stop <file>` ends it: it waits
 * for what is under way, writes to the file what became of each event, and prints `done <name>`.
 */
import { writeFileSync } from "node:fs";
import { broker, obey } from "./broker.ts";

/** Milliseconds between two rounds of sending. */
const ROUND = 20;
/** An event and what became of it, for its sender. */
interface Attempt {
	from: string;
	n: number;
	at: number;
	sessionId: string;
	outcome: "pending" | "sent" | "rejected" | "unsure";
}

interface Run {
	readonly from: string;
	readonly eventName: string;
	readonly sessions: number;
	readonly padding: string;
	readonly throwError: boolean;
}

let attempts: Attempt[] = [];
const pending = new Set<Promise<void>>();
let timer: NodeJS.Timeout | undefined;

function send({ from, eventName, sessions, padding, throwError }: Run): void {
	const n = attempts.length + 1;
	const sessionId = n % 20 === 0 ? "*" : `s${n % sessions}`;
	const attempt: Attempt = { from, n, at: Date.now(), sessionId, outcome: "pending" };
	attempts.push(attempt);
	const payload = { from, n, at: attempt.at, padding };
	const event = { eventName, sessionId, payload };
	// Moleculer's types do not know the option.
	const options = { throwError } as object;
	const settled = Promise.resolve(broker.broadcast("sse.send", event, options)).then(
		() => {
			attempt.outcome = "sent";
		},
		(error: { data?: { unsure?: boolean } }) => {
			attempt.outcome = error.data?.unsure ? "unsure" : "rejected";
		}
	);
	pending.add(settled);
	settled.finally(() => pending.delete(settled));
}

await broker.start();
console.log("ready");
await obey({
	start(from = "", eventName = "", rate, sessions, bytes, throwError) {
		const run = {
			from,
			eventName,
			sessions: Number(sessions),
			padding: "x".repeat(Number(bytes)),
			throwError: throwError === "true"
		};
		attempts = [];
		const began = performance.now();
		timer = setInterval(() => {
			const due = ((performance.now() - began) / 1000) * Number(rate);
			while (attempts.length < due) send(run);
		}, ROUND);
	},
	async stop(file = "") {
		clearInterval(timer);
		await Promise.all(pending);
		writeFileSync(file, JSON.stringify(attempts));
		console.log(`done ${attempts[0]?.from}`);
	}
});
