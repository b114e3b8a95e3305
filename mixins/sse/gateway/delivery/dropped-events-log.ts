import type { Refusal } from "../../core/errors/refusal.ts";
import type { GatewayService } from "../types.ts";

/** Most lines within a window; beyond that, dropped messages are counted. */
const MAX_LINES = 100;
/** Milliseconds. */
const WINDOW = 10_000;

/**
 * Logs what came from the bus and was dropped. Each message is logged, unless there are so many that logging takes longer
 * than dropping: one message of another program may hold a million events.
 */
export class DroppedEventsLog {
	readonly #logger: GatewayService["logger"];
	#began = Number.NEGATIVE_INFINITY;
	#lines = 0;
	#untold = 0;

	constructor(logger: GatewayService["logger"]) {
		this.#logger = logger;
	}

	/** @param what As in "dropped an event". */
	tell(what: string, nodeID: string, { refused: field, message }: Refusal): void {
		const now = performance.now();
		if (now - this.#began >= WINDOW) {
			if (this.#untold > 0) this.#logger.warn(`SSE: dropped ${this.#untold} more from the bus.`);
			this.#began = now;
			this.#lines = this.#untold = 0;
		}
		if (this.#lines >= MAX_LINES) {
			if (this.#untold++ === 0) {
				this.#logger.warn(
					`SSE: too many messages are dropped; the rest is counted for ${WINDOW / 1000} seconds instead of being logged.`
				);
			}
			return;
		}
		this.#lines++;
		this.#logger.warn(`SSE: dropped ${what} from node '${nodeID}': ${message}`, { nodeID, field });
	}
}
