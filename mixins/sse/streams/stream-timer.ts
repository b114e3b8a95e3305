import type { Frame } from "../core/event/frame.ts";
import type { EventStream } from "./event-stream.ts";

export interface StreamTimerOptions {
	/** Milliseconds of silence after which a stream gets a heartbeat; 0 = off. */
	interval: number;
	/** Life of a stream in milliseconds; 0 = never. Only the timer's resolution depends on it. */
	timeout: number;
	/** Milliseconds after which a stream whose client takes nothing is closed; 0 = never. */
	stallTimeout: number;
	/** Makes the heartbeat's frame; called once for all streams that get it at one time. */
	frame(): Frame;
}

const FINEST_TICK = 10;
const COARSEST_TICK = 1000;

/**
 * The one timer of a gateway. At each tick it looks at every open stream: has it lived its life, does
 * its client take nothing, was it silent too long?
 */
export class StreamTimer {
	readonly #interval: number;
	readonly #tick: number;
	readonly #stallTimeout: number;
	readonly #frame: () => Frame;
	readonly #streams: Iterable<EventStream>;
	#timer: NodeJS.Timeout | undefined;
	/** Of the last look. */
	#lookedAt = 0;
	/** Milliseconds for which it has looked: what a client does not take while the process does not run is not its fault. */
	#running = 0;

	constructor(
		{ interval, timeout, stallTimeout, frame }: StreamTimerOptions,
		streams: Iterable<EventStream>
	) {
		this.#interval = interval;
		this.#stallTimeout = stallTimeout;
		this.#frame = frame;
		this.#streams = streams;
		// A twentieth of what is measured: 5 % of precision for one pass over the streams a tick.
		const finest = Math.min(...[interval, timeout, stallTimeout].filter(ms => ms > 0)) / 20;
		this.#tick = Math.max(FINEST_TICK, Math.min(COARSEST_TICK, finest));
	}

	/** To be called when there are streams; again is harmless. */
	start(): void {
		if (this.#timer !== undefined) return;
		this.#lookedAt = performance.now();
		this.#timer = setInterval(() => this.#look(performance.now(), Date.now()), this.#tick);
	}

	/** To be called when there are none: an idle gateway has no timer. */
	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	/** @param wall Milliseconds since 1970. */
	#look(now: number, wall: number): void {
		let frame: Frame | undefined;
		this.#running += Math.min(now - this.#lookedAt, 2 * this.#tick);
		this.#lookedAt = now;
		for (const stream of this.#streams) {
			if (now >= stream.expiresAt || wall >= stream.sessionEnd) {
				stream.expire();
			} else if (this.#stallTimeout > 0 && stream.isStalled(this.#running, this.#stallTimeout)) {
				stream.destroy("stalled");
			} else if (this.#interval > 0 && stream.isSilent(now, this.#interval)) {
				frame ??= this.#frame();
				stream.send(frame);
			}
		}
	}
}
