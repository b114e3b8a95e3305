import { acceptsAmqp } from "./amqp.ts";
import { dockerRabbitMq } from "./docker-rabbitmq.ts";
import { privateRabbitMq } from "./private-rabbitmq.ts";

/** Where the suite's RabbitMQ comes from; plain data, so that it can be passed from the runner to the tests. */
export type RabbitMqSource =
	| { readonly kind: "url"; readonly url: string }
	| { readonly kind: "program"; readonly path: string }
	| { readonly kind: "docker"; readonly image: string };

/**
 * A RabbitMQ under a test's control.
 *
 * Its URL and ports stay the same over `stop` and `start`. One that is stopped or paused is used by one test file at a time; on
 * a shared one, tests are separated by Moleculer `namespace`.
 */
export interface RabbitMq {
	/** `amqp://…`, valid from before the first start. */
	readonly url: string;
	/** False for one that the suite did not start: it is never stopped, killed or paused. */
	readonly controllable: boolean;
	/** Resolves when it accepts AMQP connections; at most 2 minutes. */
	start(): Promise<void>;
	/** Ends it gracefully. Without `keepData` nothing of it remains. */
	stop(options?: { keepData?: boolean }): Promise<void>;
	/** Ends it at once, like a crash; its data stays for the next `start`. */
	crash(): Promise<void>;
	/** Freezes it: connections stay open and nothing answers. */
	pause(): Promise<void>;
	/** Ends a `pause`. */
	resume(): Promise<void>;
	/** Raises or clears its memory alarm, as when its memory is full: meanwhile it reads nothing from publishers. */
	alarm(on: boolean): Promise<void>;
	/** Lets consumers of other programs, by RabbitMQ's own protocol, store their offsets on a RabbitMQ stream, one after another. */
	storeOffsets(stream: string, consumers: number): Promise<void>;
}

/** How an instance that the suite starts differs from the default. */
export interface RabbitMqSettings {
	/** Bytes of the largest message that it accepts. */
	readonly maxMessageSize?: number;
	/** Plugins that it runs with, of those that it includes; default none. Only for a private instance. */
	readonly plugins?: readonly string[];
}

/** An instance from that source, not started yet: each call makes another one, except for a URL. */
export function openRabbitMq(
	source: RabbitMqSource,
	settings: RabbitMqSettings = {}
): Promise<RabbitMq> {
	switch (source.kind) {
		case "url":
			return Promise.resolve(foreignRabbitMq(source.url));
		case "program":
			return privateRabbitMq(source.path, settings);
		case "docker":
			return dockerRabbitMq(source.image, settings);
	}
}

function foreignRabbitMq(url: string): RabbitMq {
	const refuse = () =>
		Promise.reject(new Error("the broker of AMQP_URL is not the suite's to stop or to pause"));
	return {
		url,
		controllable: false,
		async start() {
			await acceptsAmqp(url).catch(error => {
				throw new Error(`the broker of AMQP_URL does not answer: ${error.message}`);
			});
		},
		stop: () => Promise.resolve(),
		crash: refuse,
		pause: refuse,
		resume: refuse,
		alarm: refuse,
		storeOffsets: refuse
	};
}
