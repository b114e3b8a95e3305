import type { Registry } from "../../core/addressing/registry.ts";
import { closeFrame } from "../../core/event/control-events.ts";
import { answerAndHangUp } from "../../http/answer.ts";
import { closeOver, windowFor } from "../../streams/drain.ts";
import type { EventStream } from "../../streams/event-stream.ts";
import { drawRetry } from "../request/jitter.ts";
import type { GatewayOptions, GatewayService, SseGatewayResponse } from "../types.ts";
import { GatewayHandover } from "./gateway-handover.ts";

/** Milliseconds that clients have to take their last bytes when the node stops, or when a stream gives way. */
export const DRAIN_GRACE = 250;

/** Ends a gateway's streams over `drain` when its node stops, and sends new clients on. */
export class Shutdown {
	readonly #options: Pick<GatewayOptions, "drain" | "retry">;
	readonly #streams: Registry<EventStream>;
	readonly #handover: GatewayHandover;
	#ended: PromiseWithResolvers<void> | undefined;

	constructor(
		options: Pick<GatewayOptions, "drain" | "retry">,
		streams: Registry<EventStream>,
		service: GatewayService
	) {
		this.#options = options;
		this.#streams = streams;
		this.#handover = new GatewayHandover(service);
	}

	/** Resolves when all streams are closed; undefined while the gateway is not stopping. */
	get ended(): Promise<void> | undefined {
		return this.#ended?.promise;
	}

	/** See {@link GatewayHandover.timeLeft}. */
	get timeLeft(): number {
		return this.#handover.timeLeft;
	}

	/** The gateway takes streams, also after a stop. */
	cancel(): void {
		this.#ended = undefined;
		this.#handover.cancel();
		this.#handover.announce();
	}

	/**
	 * Ends the open streams over `drain`.
	 *
	 * @param unclosed Number of streams whose connection is not closed yet.
	 */
	begin(unclosed: number): Promise<void> {
		const { drain } = this.#options;
		const ended = Promise.withResolvers<void>();
		this.#ended = ended;
		this.#handover.begin(windowFor(this.#streams.size, drain) + DRAIN_GRACE);
		if (unclosed === 0) ended.resolve();
		if (drain === 0) {
			for (const stream of this.#streams) end(stream);
		} else {
			const close = (stream: EventStream): void => end(stream, this.#drawReturn());
			ended.promise.then(closeOver(drain, this.#streams, close));
		}
		return ended.promise;
	}

	/** The last stream is closed. */
	finish(): void {
		this.#ended?.resolve();
	}

	/** Sends a client to another gateway, or to this one when it is back. */
	sendOn(response: SseGatewayResponse): void {
		answerAndHangUp(response, closeFrame("drain", this.#drawReturn()));
	}

	/** The `retry:` of a client that is sent away because the gateway stops. */
	#drawReturn(): number | undefined {
		const retry = drawRetry(this.#options.retry);
		return retry === undefined ? undefined : retry + this.#handover.timeLeft;
	}
}

function end(stream: EventStream, retry?: number): void {
	stream.end("drain", { grace: DRAIN_GRACE, retry });
}
