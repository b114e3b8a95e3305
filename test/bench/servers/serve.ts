import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type Payload, type PayloadShape, payloadOf } from "../payload.ts";
import { answer } from "../process/answer.ts";
import { ownUsage, type Usage, type UsageOptions } from "../process/usage.ts";
import { sessionOf } from "../session.ts";

/** A server that is measured. */
export interface Served {
	readonly port: number;
	/** Sends the events of one tick to every stream. */
	send(payloads: readonly Payload[]): void;
	/** Sends an event to the streams of one session; left out if that is not compared. */
	sendTo?(sessionId: string, payload: Payload): void;
}

/** Events at a steady rate. */
export interface Rhythm {
	readonly ticks: number;
	readonly eventsPerTick: number;
	/** Milliseconds from tick to tick. */
	readonly interval: number;
	readonly shape: PayloadShape;
}

/** Events to one session each; without an interval at full speed. */
export interface Targets extends Rhythm {
	/** Sessions 0 up to this one, exclusive, in an order that no cache foresees. */
	readonly sessions: number;
}

/** A prime, so that the sessions follow no order. */
const STEP = 7919;
/** Milliseconds between two checks of the event loop. */
const LOOK = 2;

/** The questions to a measured server. A type, because an interface is no `Questions`. */
export type ServerQuestions = {
	port(): number;
	usage(options?: UsageOptions): Usage;
	/** Sends the events of one tick to every stream. */
	tick(events: number, shape: PayloadShape): void;
	/** Resolves when all ticks were sent. */
	run(rhythm: Rhythm): Promise<void>;
	runTargets(targets: Targets): Promise<void>;
	watchLoop(): void;
	/** The longest time, in milliseconds, for which the event loop was blocked since `watchLoop`. */
	longestBlock(): number;
};

/** Answers the questions about a server, in the server's own process. */
export function serve(served: Served): void {
	const delay = monitorEventLoopDelay({ resolution: LOOK });
	const tick = (events: number, shape: PayloadShape) => {
		served.send(Array.from({ length: events }, () => payloadOf(shape)));
	};
	let next = 0;
	const questions: ServerQuestions = {
		port: () => served.port,
		usage: ownUsage,
		tick,
		run: rhythm => steadily(rhythm, () => tick(rhythm.eventsPerTick, rhythm.shape)),
		async runTargets(targets) {
			const { sendTo } = served;
			if (sendTo === undefined) throw new Error("sends to all streams only");
			await steadily(targets, () => {
				for (let n = 0; n < targets.eventsPerTick; n++) {
					next = (next + STEP) % targets.sessions;
					sendTo(sessionOf(next), payloadOf(targets.shape));
				}
			});
		},
		watchLoop() {
			delay.enable();
			delay.reset();
		},
		longestBlock() {
			delay.disable();
			// an idle loop is also checked only after LOOK
			return Math.max(0, delay.max / 1e6 - LOOK);
		}
	};
	answer(questions);
}

async function steadily({ ticks, interval }: Rhythm, tick: () => void): Promise<void> {
	const began = performance.now();
	for (let n = 0; n < ticks; n++) {
		// a late tick does not delay those after it
		await sleep(Math.max(0, began + n * interval - performance.now()));
		tick();
	}
}
