import { type ChildProcess, spawn } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, Question, Questions } from "./answer.ts";
import { RAISE_LIMIT } from "./open-files.ts";

/** Open files that a process needs besides its streams. */
const OWN_FILES = 200;
/** Characters of its output that are kept, and what in them says why it ended. */
const KEPT = 10_000;
const ERROR = /^\w*Error\b.*$/m;

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
	#output = "";
	#asked = 0;
	#end: Error | undefined;

	private constructor(script: URL, { sockets = 0, args = [] }: ChildOptions) {
		const path = fileURLToPath(script);
		this.#title = basename(path);
		const limit = String(sockets + OWN_FILES);
		const node = [process.execPath, "--expose-gc", "--no-warnings", path, ...args];
		this.#process = spawn("sh", ["-c", RAISE_LIMIT, limit, ...node], {
			stdio: ["ignore", "pipe", "pipe", "ipc"],
			// JSON has neither undefined nor NaN
			serialization: "advanced"
		});
		for (const output of [this.#process.stdout, this.#process.stderr]) {
			output?.setEncoding("utf8").on("data", (text: string) => {
				this.#output = (this.#output + text).slice(-KEPT);
			});
		}
		this.#process.on("message", (message: "ready" | Answer) => this.#take(message));
		this.#process.on("error", error => this.#close(error.message));
		// not "exit", which may come before the last output
		this.#process.on("close", (code, signal) => {
			const [error = `ended with ${signal ?? code}`] = ERROR.exec(this.#output) ?? [];
			this.#close(error);
		});
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

	/** Makes it do something, without the cost of an answer. */
	tell<K extends keyof T & string>(name: K, ...args: Parameters<T[K]>): void {
		if (this.#end !== undefined) throw this.#end;
		this.#send({ name, args });
	}

	signal(signal: "SIGSTOP" | "SIGCONT"): void {
		this.#process.kill(signal);
	}

	/** Ends it at once: it needs no graceful end. */
	async stop(): Promise<void> {
		this.#process.kill("SIGKILL");
		await this.#ended.promise;
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
		this.#end ??= new Error(`${this.#title}: ${how}`);
		this.#ended.resolve();
		this.#ready.reject(this.#end);
		for (const waiting of this.#waiting.values()) waiting.reject(this.#end);
		this.#waiting.clear();
	}
}
