import { acceptsAmqp } from "./amqp.ts";
import { dockerRabbitMq } from "./docker-rabbitmq.ts";
import { privateRabbitMq } from "./private-rabbitmq.ts";

/** Where the suite's RabbitMQ comes from; plain data, so that it passes from the runner to the tests. */
export type RabbitMqSource =
	| { readonly kind: "url"; readonly url: string }
	| { readonly kind: "program"; readonly path: string }
	| { readonly kind: "docker"; readonly image: string };

/**
 * A RabbitMQ broker under a test's control.
 *
 * Its URL and ports stay the same over `stop` and `start`. Each broker is used by one test file at a
 * time where it is stopped or paused; where it is shared, tests keep apart by Moleculer `namespace`.
 */
export interface RabbitMq {
	/** `amqp://…`, good from before the first start. */
	readonly url: string;
	/** False for a broker that the suite did not start: it is never stopped, killed or paused. */
	readonly controllable: boolean;
	/** Resolves when it takes AMQP connections; at most 2 minutes. */
	start(): Promise<void>;
	/** Ends it in order. Without `keepData` nothing of it remains. */
	stop(options?: { keepData?: boolean }): Promise<void>;
	/** Ends it at once, as a crash does; its data stays for the next `start`. */
	crash(): Promise<void>;
	/** Freezes it: connections stay open and nothing answers. */
	pause(): Promise<void>;
	/** Ends a `pause`. */
	resume(): Promise<void>;
	/** Raises its memory alarm, as when its memory is full, or ends that: meanwhile it reads nothing of who publishes. */
	alarm(on: boolean): Promise<void>;
}

/** How a broker that the suite starts differs from one as it comes. */
export interface RabbitMqSettings {
	/** Bytes of the largest message that it takes. */
	readonly maxMessageSize?: number;
	/** That it runs with, of those that come with it; default none. Of a private instance only. */
	readonly plugins?: readonly string[];
}

/** A broker from that source, not started yet: each call makes another one, except for a URL. */
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
		alarm: refuse
	};
}
