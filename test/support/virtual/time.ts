import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as nextTurn } from "node:timers";
import { Random } from "./random.ts";

/** Milliseconds since 1970 when virtual time begins. */
const BEGINNING = 1_800_000_000_000;
/** Milliseconds for which each process seems to have run when it starts: a clock is never at 0. */
const UP = 1000;

/** An independent process: its timers stand still while it is suspended, and end with it. */
export class VirtualProcess {
	readonly name: string;
	readonly random: Random;
	isDead = false;
	isSuspended = false;
	/** Milliseconds for which its steady clock has stood still in all. */
	stoodStill = 0;
	/** Timers that came due while it was suspended. */
	readonly missed: Timer[] = [];

	constructor(name: string, seed: string) {
		this.name = name;
		this.random = new Random(`${seed} ${name}`);
	}
}

/** What `setTimeout` and `setInterval` return. */
class Timer {
	at: number;
	order = 0;
	readonly owner: VirtualProcess | undefined;
	readonly callback: () => void;
	/** Milliseconds from one call to the next; undefined for a single call. */
	readonly interval: number | undefined;
	isCleared = false;

	constructor(
		at: number,
		callback: () => void,
		owner: VirtualProcess | undefined,
		interval?: number
	) {
		this.at = at;
		this.callback = callback;
		this.owner = owner;
		this.interval = interval;
	}

	ref(): this {
		return this;
	}

	unref(): this {
		return this;
	}

	hasRef(): boolean {
		return true;
	}
}

/**
 * The time of a cluster that lives within this process. Time passes only by {@link advance}, in which each timer fires when it
 * is due, and everything that it sets off without waiting happens before the next one.
 *
 * Jest's fake timers know one clock for all. Here each timer belongs to the process in which it was set.
 */
export class VirtualTime {
	/** In the order in which they are due. */
	readonly #timers: Timer[] = [];
	readonly #running = new AsyncLocalStorage<VirtualProcess | undefined>();
	#now = 0;
	#order = 0;

	/** Milliseconds since the beginning. */
	get now(): number {
		return this.#now;
	}

	/** Runs code as that of a process: its timers, and everything that it defers. Without a process it is the test's own. */
	as<T>(process: VirtualProcess | undefined, run: () => T): T {
		return this.#running.run(process, run);
	}

	/** Calls back after so many milliseconds, in the process that runs now. */
	after(delay: number, callback: () => void, interval?: number): Timer {
		const timer = new Timer(
			this.#now + Math.max(0, Math.ceil(delay)),
			callback,
			this.#running.getStore(),
			interval
		);
		this.#plan(timer);
		return timer;
	}

	/** Makes time pass, in milliseconds. */
	async advance(duration: number): Promise<void> {
		const until = this.#now + duration;
		await settled();
		for (;;) {
			const next = this.#timers[0];
			if (next === undefined || next.at > until) break;
			this.#timers.shift();
			if (next.isCleared || next.owner?.isDead) continue;
			this.#now = Math.max(this.#now, next.at);
			if (next.owner?.isSuspended) {
				next.owner.missed.push(next);
				continue;
			}
			if (next.interval !== undefined) {
				next.at = this.#now + Math.max(1, next.interval);
				this.#plan(next);
			}
			this.#running.run(next.owner, next.callback);
			await settled();
		}
		this.#now = until;
	}

	suspend(process: VirtualProcess): void {
		process.isSuspended = true;
	}

	/**
	 * A process continues; what came due meanwhile happens now.
	 *
	 * @param stoodStill Milliseconds by which its steady clock has stood still: its machine was suspended.
	 */
	resume(process: VirtualProcess, stoodStill = 0): void {
		process.isSuspended = false;
		process.stoodStill += stoodStill;
		const own = this.#timers.filter(({ owner }) => owner === process);
		if (stoodStill > 0) {
			for (const timer of own) this.#timers.splice(this.#timers.indexOf(timer), 1);
		}
		const late = process.missed.splice(0);
		for (const timer of stoodStill > 0 ? [...late, ...own] : late) {
			timer.at = Math.max(this.#now, timer.at + stoodStill);
			this.#plan(timer);
		}
	}

	/**
	 * Replaces real time by this one, and random numbers by reproducible ones.
	 *
	 * @returns Ends that.
	 */
	install(): () => void {
		const random = new Random("the test's own");
		const clear = (timer?: Timer): void => {
			if (timer) timer.isCleared = true;
		};
		type Callback = (...args: unknown[]) => void;
		const stubs: [object, string, unknown][] = [
			[
				globalThis,
				"setTimeout",
				(callback: Callback, delay = 0, ...args: unknown[]) =>
					this.after(delay, () => callback(...args))
			],
			[
				globalThis,
				"setInterval",
				(callback: Callback, interval: number, ...args: unknown[]) =>
					this.after(interval, () => callback(...args), interval)
			],
			[
				globalThis,
				"setImmediate",
				(callback: Callback, ...args: unknown[]) => this.after(0, () => callback(...args))
			],
			[globalThis, "clearTimeout", clear],
			[globalThis, "clearInterval", clear],
			[globalThis, "clearImmediate", clear],
			[Date, "now", () => BEGINNING + this.#now],
			[performance, "now", () => this.#steady],
			[process, "uptime", () => this.#steady / 1000],
			[Math, "random", () => (this.#running.getStore()?.random ?? random).next()]
		];
		const before = stubs.map(([of, name]) => Object.getOwnPropertyDescriptor(of, name));
		for (const [of, name, value] of stubs) {
			Object.defineProperty(of, name, { value, configurable: true, writable: true });
		}
		return () => {
			for (const [index, [of, name]] of stubs.entries()) {
				const descriptor = before[index];
				if (descriptor === undefined) Reflect.deleteProperty(of, name);
				else Object.defineProperty(of, name, descriptor);
			}
		};
	}

	get #steady(): number {
		return UP + this.#now - (this.#running.getStore()?.stoodStill ?? 0);
	}

	#plan(timer: Timer): void {
		timer.order = ++this.#order;
		let from = 0;
		let to = this.#timers.length;
		while (from < to) {
			const middle = (from + to) >>> 1;
			if ((this.#timers[middle] as Timer).at <= timer.at) from = middle + 1;
			else to = middle;
		}
		this.#timers.splice(from, 0, timer);
	}
}

/** Resolves when nothing is left to do without waiting. */
function settled(): Promise<void> {
	return new Promise(resolve => nextTurn(resolve));
}
