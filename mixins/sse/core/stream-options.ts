import { SEND } from "./event.ts";
import type { OptionSpec } from "./options.ts";

/** The RabbitMQ stream that carries the events, complete. */
export interface StreamOptions {
	/** `amqp://` or `amqps://`, credentials and vhost included; several for the nodes of a cluster. */
	url: string | readonly string[];
	/** The stream's name; default `sse.send`. */
	name: string;
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

export const STREAM_OPTION: OptionSpec = {
	default: null,
	takes: "an object { url, … }, or null for Moleculer events",
	rule: { type: "object", nullable: true },
	secret: true
};

const AMQP_URL = /^amqps?:\/\//;

export const STREAM_OPTIONS: Readonly<Record<string, OptionSpec>> = {
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
		default: SEND,
		takes: "a name of 1 to 255 characters that RabbitMQ may give to a queue",
		// AMQP 0-9-1: a short string; names in "amq." are RabbitMQ's own.
		rule: { type: "string", pattern: /^(?!amq\.)[\x21-\x7e]{1,255}$/ }
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
