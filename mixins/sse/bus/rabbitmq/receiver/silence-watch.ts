import type { Channel } from "amqplib";
import type { Logger } from "moleculer";
import type { Acknowledgements } from "./acknowledgements.ts";
import { writeMark } from "./stream-bounds.ts";

/** Milliseconds between two checks of whether anything arrives. */
const LOOK = 15_000;
/** Checks without an arrival after which a mark is written, and after which the channel is given up. */
const MARKED = 2;
const GIVEN_UP = 4;

export interface SilenceWatchOptions {
	/** Name of the RabbitMQ stream. */
	readonly stream: string;
	readonly acknowledgements: Pick<Acknowledgements, "send">;
	readonly logger: Logger;
	/** Called when the channel is to be replaced by another. */
	giveUp(channel: Channel): void;
}

/** Checks that messages arrive: a live connection does not prove it. If none does, it writes a mark that must. */
export class SilenceWatch {
	readonly #options: SilenceWatchOptions;
	#timer: NodeJS.Timeout | undefined;
	/** Consecutive checks that found that nothing had arrived. */
	#silent = 0;

	constructor(options: SilenceWatchOptions) {
		this.#options = options;
	}

	/** A channel is being read. */
	begin(channel: Channel): void {
		this.#silent = 0;
		this.#timer = setInterval(() => this.#look(channel), LOOK);
	}

	/** Something has arrived. */
	arrived(): void {
		this.#silent = 0;
	}

	/** The channel is read no more. */
	end(): void {
		clearInterval(this.#timer);
	}

	#look(channel: Channel): void {
		const { stream, acknowledgements, logger, giveUp } = this.#options;
		this.#silent++;
		try {
			// RabbitMQ closes a channel on which a message stays unacknowledged for too long.
			acknowledgements.send(channel);
			if (this.#silent === MARKED) writeMark(channel, stream);
		} catch {
			// amqplib throws when the channel, or its connection, is about to close.
			giveUp(channel);
			return;
		}
		if (this.#silent < GIVEN_UP) return;
		logger.warn(
			"SSE: the stream has messages, but none arrive; reading it again from the last one."
		);
		giveUp(channel);
	}
}
