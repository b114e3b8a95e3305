import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:dgram";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, readlinkSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";

/** Milliseconds within which everything that tests have started has to end after them. */
const PATIENCE = 5_000;

/** What this process has open, each as a link. Only Linux has it, and elsewhere nothing is open. */
const DESCRIPTORS = "/proc/self/fd";

/** Channels on which Node publishes each thread, process, server and UDP socket that it starts. */
const CHANNELS = [
	"worker_threads",
	"child_process",
	"tracing:net.server.listen:asyncStart",
	"udp.socket"
];

/** What Node publishes there. */
type Started =
	| { readonly worker: Worker }
	| { readonly process: ChildProcess }
	| { readonly server: Server }
	| { readonly socket: Socket };

/**
 * What tests have left running: worker threads, child processes, servers and UDP sockets, whether or not they keep this process
 * alive, whatever else keeps it alive, such as connections and timers, and files and folders that are open.
 */
export class Leftovers {
	readonly #before: ReadonlyMap<string, number>;
	readonly #openBefore: ReadonlyMap<string, number>;
	readonly #started: Started[] = [];
	readonly #onStart = (started: unknown): void => {
		this.#started.push(started as Started);
	};

	constructor() {
		// Node opens these when they are first used: perhaps by a test, to which they do not belong.
		void [process.stdout, process.stderr];
		this.#before = countResources();
		this.#openBefore = countOpen();
		for (const channel of CHANNELS) subscribe(channel, this.#onStart);
	}

	/** Waits until nothing more runs than when this was created; returns what still runs. */
	async settle(): Promise<readonly string[]> {
		const late = performance.now() + PATIENCE;
		for (;;) {
			const left = [...this.#added(), ...this.#started.flatMap(nameIfRunning)];
			if (left.length === 0 || performance.now() > late) return left;
			await sleep(10);
		}
	}

	/** Stops watching what is started. */
	stop(): void {
		for (const channel of CHANNELS) unsubscribe(channel, this.#onStart);
	}

	#added(): string[] {
		return [
			...added(this.#before, countResources()).map(([kind, times]) => `${times} ${kind}`),
			...added(this.#openBefore, countOpen()).map(([path]) => `the open file ${path}`)
		];
	}
}

function added(
	before: ReadonlyMap<string, number>,
	now: ReadonlyMap<string, number>
): [name: string, times: number][] {
	return [...now].flatMap(([name, times]) => {
		const more = times - (before.get(name) ?? 0);
		return more > 0 ? [[name, more]] : [];
	});
}

/** How often each file and folder is open. Devices, such as that of chance, are opened by Node itself. */
function countOpen(): Map<string, number> {
	const counts = new Map<string, number>();
	for (const descriptor of descriptors()) {
		const path = targetOf(descriptor);
		if (!path.startsWith("/") || /^\/(dev|proc)\//.test(path)) continue;
		counts.set(path, (counts.get(path) ?? 0) + 1);
	}
	return counts;
}

function descriptors(): string[] {
	try {
		return readdirSync(DESCRIPTORS);
	} catch {
		return [];
	}
}

/** Empty if it has been closed meanwhile, like the descriptor by which the others are listed. */
function targetOf(descriptor: string): string {
	try {
		return readlinkSync(`${DESCRIPTORS}/${descriptor}`);
	} catch {
		return "";
	}
}

/** What keeps this process alive, except child processes, which are examined one by one. */
function countResources(): Map<string, number> {
	const counts = new Map<string, number>();
	for (const kind of process.getActiveResourcesInfo()) {
		if (kind !== "ProcessWrap") counts.set(kind, (counts.get(kind) ?? 0) + 1);
	}
	return counts;
}

function nameIfRunning(started: Started): string[] {
	if ("server" in started) {
		return started.server.listening ? [`the server at ${at(started.server.address())}`] : [];
	}
	if ("socket" in started) {
		const address = addressOf(started.socket);
		return address === null ? [] : [`the UDP socket at ${at(address)}`];
	}
	if ("worker" in started) {
		const { threadId } = started.worker;
		// a thread that is over no longer has a number
		return threadId === -1 ? [] : [`the thread ${threadId}`];
	}
	const { pid, exitCode, signalCode, spawnargs } = started.process;
	const isRunning = pid !== undefined && exitCode === null && signalCode === null;
	return isRunning ? [`the process ${pid} (${spawnargs.join(" ").slice(0, 100)})`] : [];
}

/** Null if it is bound to none, or closed: both throw. */
function addressOf(socket: Socket): AddressInfo | null {
	try {
		return socket.address();
	} catch {
		return null;
	}
}

function at(address: string | AddressInfo | null): string {
	return typeof address === "object" ? `${address?.address} ${address?.port}` : address;
}
