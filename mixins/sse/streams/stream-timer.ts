import type { Frame } from "../core/event/frame.ts";
import type { EventStream } from "./event-stream.ts";
import { StallWatch } from "./stall-watch.ts";

export interface StreamTimerOptions {
	/** Milliseconds of silence after which a stream gets a heartbeat; 0 = off. */
	interval: number;
	/** Life of a stream in milliseconds; 0 = no limit. Only the timer's resolution depends on it. */
	timeout: number;
	/** Milliseconds after which a stream whose client takes nothing is closed; 0 = never. */
	stallTimeout: number;
	/** Makes the heartbeat's frame; called once for all streams that get it at the same time. */
	frame(): Frame;
}

const FINEST_TICK = 10;
const COARSEST_TICK = 1000;

/**
 * The one timer of a gateway. At each tick it checks every open stream: is its life over, does its client take nothing, was it
 * silent too long?
 */
export class StreamTimer {
	readonly #interval: number;
	readonly #tick: number;
	readonly #stallWatch: StallWatch;
	readonly #frame: () => Frame;
	readonly #streams: Iterable<EventStream>;
	#timer: NodeJS.Timeout | undefined;

	constructor(
		{ interval, timeout, stallTimeout, frame }: StreamTimerOptions,
		streams: Iterable<EventStream>
	) {
		this.#interval = interval;
		this.#frame = frame;
		this.#streams = streams;
		// A twentieth of the shortest duration: 5 % precision, for one pass over the streams at each tick.
		const finest = Math.min(...[interval, timeout, stallTimeout].filter(ms => ms > 0)) / 20;
		this.#tick = Math.max(FINEST_TICK, Math.min(COARSEST_TICK, finest));
		this.#stallWatch = new StallWatch(stallTimeout, this.#tick);
	}

	/** Call this when there are streams; calling it again is harmless. */
	start(): void {
		if (this.#timer !== undefined) return;
		this.#stallWatch.start(performance.now());
		this.#timer = setInterval(() => this.#look(performance.now(), Date.now()), this.#tick);
	}

	/** Call this when there are none: an idle gateway has no timer. */
	stop(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
	}

	/** @param wall Milliseconds since 1970. */
	#look(now: number, wall: number): void {
		let frame: Frame | undefined;
		this.#stallWatch.tick(now);
		for (const stream of this.#streams) {
			if (now >= stream.expiresAt || wall >= stream.sessionEnd) {
				stream.expire();
			} else if (!this.#stallWatch.endIfStalled(stream) && this.#needsHeartbeat(stream, now)) {
				frame ??= this.#frame();
				stream.send(frame);
			}
		}
	}

	#needsHeartbeat(stream: EventStream, now: number): boolean {
		return this.#interval > 0 && stream.isSilent(now, this.#interval);
	}
}
