import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Answer, Question, Questions } from "./answer.ts";
import { RAISE_LIMIT } from "./open-files.ts";

/** Open files that a process needs beside its streams. */
const OWN_FILES = 200;
/** Milliseconds that a process has to end when it is asked to. */
const GRACE = 3000;

export interface ChildOptions {
	/** Sockets that it will hold. */
	readonly sockets?: number;
	readonly args?: readonly string[];
}

type Result<T extends Questions, K extends keyof T> = Awaited<ReturnType<T[K]>>;

/** A Node process of the benchmark, which answers questions over IPC and ends with this one. */
export class Child<T extends Questions> {
	readonly #title: string;
	readonly #process: ChildProcess;
	readonly #ready = Promise.withResolvers<void>();
	readonly #ended = Promise.withResolvers<void>();
	readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
	#asked = 0;
	#end: Error | undefined;

	private constructor(script: URL, { sockets = 0, args = [] }: ChildOptions) {
		const path = fileURLToPath(script);
		this.#title = basename(path);
		const limit = String(sockets + OWN_FILES);
		const node = [process.execPath, "--expose-gc", "--no-warnings", path, ...args];
		this.#process = spawn("sh", ["-c", RAISE_LIMIT, limit, ...node], {
			// the results alone stand on stdout
			stdio: ["ignore", 2, 2, "ipc"],
			// JSON has neither undefined nor NaN
			serialization: "advanced"
		});
		this.#process.on("message", (message: "ready" | Answer) => this.#take(message));
		this.#process.on("error", error => this.#close(error.message));
		this.#process.on("exit", (code, signal) => this.#close(`ended with ${signal ?? code}`));
		this.#ready.promise.catch(() => {});
	}

	/** Starts a script that calls `answer`; resolves when it has. */
	static async start<T extends Questions>(
		script: URL,
		options: ChildOptions = {}
	): Promise<Child<T>> {
		const child = new Child<T>(script, options);
		await child.#ready.promise;
		return child;
	}

	/** Resolves with its answer; rejects with its error, or when it ends. */
	ask<K extends keyof T & string>(name: K, ...args: Parameters<T[K]>): Promise<Result<T, K>> {
		if (this.#end !== undefined) return Promise.reject(this.#end);
		const id = ++this.#asked;
		const waiting = Promise.withResolvers<unknown>();
		this.#waiting.set(id, waiting);
		this.#send({ id, name, args });
		return waiting.promise as Promise<Result<T, K>>;
	}

	/** Has it do something, without the cost of an answer. */
	tell<K extends keyof T & string>(name: K, ...args: Parameters<T[K]>): void {
		if (this.#end !== undefined) throw this.#end;
		this.#send({ name, args });
	}

	/** Ends it. */
	async stop(): Promise<void> {
		if (this.#process.connected) this.#process.disconnect();
		const late = new AbortController();
		const killed = sleep(GRACE, null, { signal: late.signal }).then(
			() => this.#process.kill("SIGKILL"),
			() => {}
		);
		await Promise.race([this.#ended.promise, killed.then(() => this.#ended.promise)]);
		late.abort();
	}

	#send(question: Question): void {
		this.#process.send(question, error => {
			if (error) this.#close(error.message);
		});
	}

	#take(message: "ready" | Answer): void {
		if (message === "ready") {
			this.#ready.resolve();
			return;
		}
		const waiting = this.#waiting.get(message.id);
		this.#waiting.delete(message.id);
		if (message.error === undefined) waiting?.resolve(message.value);
		else waiting?.reject(new Error(`${this.#title}: ${message.error}`));
	}

	#close(how: string): void {
		this.#end ??= new Error(`${this.#title} ${how}`);
		this.#ended.resolve();
		this.#ready.reject(this.#end);
		for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
		this.#waiting.clear();
	}
}
