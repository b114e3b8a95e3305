import { type Refusal, refuse } from "../errors/refusal.ts";
import { SEND } from "../event/event.ts";
import type { OptionSpec } from "./option-spec.ts";

/** The RabbitMQ stream that carries the events, complete. */
export interface RabbitmqOptions {
	/** `amqp://` or `amqps://`, credentials and vhost included; several for the nodes of a cluster. */
	url: string | readonly string[];
	/** Of the stream; default {@link standardName}. */
	name: string;
	/** Of the exchange that is bound to it, for programs outside Moleculer. */
	exchange: string;
	/** Milliseconds that RabbitMQ keeps an event; default 3,600,000 (1 hour). */
	maxAge: number;
	/** Bytes that RabbitMQ keeps; default 1,073,741,824 (1 GiB). */
	maxBytes: number;
	/** Milliseconds within which RabbitMQ has to confirm an event; default 5000. */
	timeout: number;
	/** Events that wait for RabbitMQ's confirmation on a node; default 10,000 and 16 MiB. */
	outbox: { maxEvents: number; maxBytes: number };
	/** As for `tls.connect` and `net.connect`: `ca`, `cert`, `key`, `servername`, …; default none. */
	socketOptions: Readonly<Record<string, unknown>>;
}

export const RABBITMQ_OPTION: OptionSpec = {
	default: null,
	takes: "an object { url, … }, or null for Moleculer events",
	rule: { type: "object", nullable: true },
	secret: true
};

const AMQP_URL = /^amqps?:\/\//;

/** Bytes of a name: AMQP 0-9-1, a short string. */
const NAME_BYTES = 255;

/**
 * The name of a broker's exchange, and of its stream if none was given: `sse.send`, or `sse.send.<namespace>`, with the
 * namespace as a component of a URL is encoded. Namespaces share a RabbitMQ, and nothing else.
 */
export function standardName(namespace: string): string | Refusal {
	if (namespace === "") return SEND;
	const name = `${SEND}.${encodeURIComponent(namespace.toWellFormed())}`;
	if (name.length <= NAME_BYTES) return name;
	const message =
		`option "name" is required: with the namespace "${namespace}" the default name would have ` +
		`${name.length} bytes, and RabbitMQ takes ${NAME_BYTES}. Give stream.name.`;
	return refuse("name", message);
}

export const RABBITMQ_OPTIONS: Readonly<Record<string, OptionSpec>> = {
	url: {
		default: undefined,
		takes: "an amqp:// or amqps:// URL, or an array of them",
		rule: { type: "any" },
		check: (value: unknown) => {
			const urls = Array.isArray(value) ? value : [value];
			return urls.length > 0 && urls.every(isAmqpUrl);
		},
		secret: true
	},
	name: {
		default: undefined,
		takes: "a name of 1 to 255 characters that RabbitMQ may give to a queue",
		// Names in "amq." are RabbitMQ's own.
		rule: { type: "string", optional: true, pattern: /^(?!amq\.)[\x21-\x7e]{1,255}$/ },
		// To the validator, null is as good as nothing.
		check: (value: unknown) => value !== null
	},
	maxAge: {
		default: 3_600_000,
		takes: "a whole number of milliseconds, 1,000 or more",
		rule: { type: "number", integer: true, min: 1000 }
	},
	maxBytes: {
		default: 1_073_741_824,
		takes: "a whole number of bytes, 65,536 or more",
		rule: { type: "number", integer: true, min: 65_536 }
	},
	timeout: {
		default: 5000,
		takes: "a whole number of milliseconds, 100 or more",
		rule: { type: "number", integer: true, min: 100 }
	},
	outbox: {
		default: { maxEvents: 10_000, maxBytes: 16_777_216 },
		takes: "{ maxEvents, maxBytes }: whole numbers, 1 or more, and 1,024 or more",
		rule: {
			type: "object",
			strict: true,
			props: {
				maxEvents: { type: "number", integer: true, min: 1 },
				maxBytes: { type: "number", integer: true, min: 1024 }
			}
		}
	},
	socketOptions: {
		default: {},
		takes: "an object of options for tls.connect",
		rule: { type: "object" },
		secret: true
	}
};

function isAmqpUrl(value: unknown): boolean {
	return typeof value === "string" && AMQP_URL.test(value) && URL.canParse(value);
}
