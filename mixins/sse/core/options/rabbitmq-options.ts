import { type Refusal, refuse } from "../errors/refusal.ts";
import { SEND } from "../event/event.ts";
import type { Given, GroupSpec, OptionSpec, OptionSpecs } from "./option-spec.ts";
import { group, optional, orNull, record, text, whole } from "./specs.ts";

/** Events that may wait for RabbitMQ on a node. */
interface OutboxLimits {
	/**
	 * Events that may wait for RabbitMQ's confirmation on a node.
	 * @default 10000
	 */
	maxEvents: number;
	/**
	 * Bytes as JSON of the events that may wait.
	 * @default 16777216
	 */
	maxBytes: number;
}

/** The RabbitMQ stream that carries the events; what is left out has its default. */
export interface CheckedRabbitmqOptions {
	/**
	 * `amqp://user:password@host:5672/vhost`, or `amqps://`; an array of them for the nodes of a
	 * cluster.
	 */
	url: string | readonly string[];
	/**
	 * The stream's name. Applications that share both vhost and namespace need a name each. What
	 * other programs publish to the exchange of the namespace reaches all of them, see "Choosing a
	 * bus" in docs/guide/choosing-a-bus.md.
	 * @default `sse.send`, in a Moleculer namespace `sse.send.<namespace>`
	 */
	name?: string;
	/**
	 * Milliseconds for which RabbitMQ keeps an event. It should be longer than the gateways'
	 * `history.maxAge`, and than the longest outage of a gateway after which nothing may be
	 * missing.
	 * @default 3600000
	 */
	maxAge: number;
	/**
	 * Bytes that RabbitMQ keeps.
	 * @default 1073741824
	 */
	maxBytes: number;
	/**
	 * Milliseconds within which RabbitMQ must confirm an event, see "Sending" in
	 * docs/guide/sending.md.
	 * @default 5000
	 */
	timeout: number;
	/**
	 * Events of a node that may wait for RabbitMQ, and their bytes as JSON; past it, sending fails
	 * at once.
	 * @default { "maxEvents": 10000, "maxBytes": 16777216 }
	 */
	outbox: OutboxLimits;
	/**
	 * TLS and socket options as for `tls.connect`: `ca`, `cert`, `key`, `servername`, …
	 * @default {}
	 */
	socketOptions: Readonly<Record<string, unknown>>;
}

/** The same, with the names that follow from the broker's namespace. */
export interface RabbitmqOptions extends CheckedRabbitmqOptions {
	name: string;
	/** The exchange that is bound to the RabbitMQ stream, for programs outside Moleculer. */
	exchange: string;
}

/** The RabbitMQ stream that carries the events; what is left out keeps its default. */
export interface SseRabbitmqOptions
	extends Given<Omit<CheckedRabbitmqOptions, "url">>,
		Pick<CheckedRabbitmqOptions, "url"> {}

export const RABBITMQ_OPTION: OptionSpec<Readonly<Record<string, unknown>> | null> = {
	...orNull(
		record({
			about:
				"`{ url, … }`: carries `sse.send` on one RabbitMQ stream instead of as Moleculer events, see " +
				"[Choosing a bus](../guide/choosing-a-bus.md); the same on every node. Needs the packages amqplib and amqp-connection-manager",
			takes: "an object { url, … }"
		}),
		"Moleculer events"
	),
	default: null,
	secret: true
};

const AMQP_URL = /^amqps?:\/\//;

/** Most bytes of a name: a short string of AMQP 0-9-1. */
const NAME_BYTES = 255;

/**
 * The name of a broker's exchange, and of its RabbitMQ stream if none was given: `sse.send`, or `sse.send.<namespace>`, with
 * the namespace encoded as a URL component. Namespaces may share a RabbitMQ server, and share nothing else.
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

const OUTBOX_OPTION: GroupSpec<OutboxLimits> = group<OutboxLimits>(
	{
		maxEvents: whole({
			about: "events that may wait for RabbitMQ's confirmation on a node",
			unit: "events",
			default: 10_000,
			min: 1
		}),
		maxBytes: whole({
			about: "bytes as JSON of the events that may wait",
			unit: "bytes",
			default: 16_777_216,
			min: 1024
		})
	},
	{
		about:
			"events of a node that may wait for RabbitMQ, and their bytes as JSON; past it, sending fails at once",
		says: ({ maxEvents, maxBytes }) => `whole numbers, ${maxEvents}, and ${maxBytes}`
	}
);

/** Every option of `stream`. */
export const RABBITMQ_OPTIONS: OptionSpecs<CheckedRabbitmqOptions> = {
	url: {
		about:
			"`amqp://user:password@host:5672/vhost`, or `amqps://`; an array of them for the nodes of a cluster",
		takes: "an amqp:// or amqps:// URL, or an array of them",
		range: "an amqp:// or amqps:// URL, or an array of them",
		rule: { type: "any" },
		check: value => {
			const urls: readonly unknown[] = Array.isArray(value) ? value : [value];
			return urls.length > 0 && urls.every(isAmqpUrl);
		},
		secret: true
	},
	name: optional(
		text({
			about:
				"the stream's name. Applications that share both vhost and namespace need a name each. What other programs " +
				"publish to the exchange of the namespace reaches all of them, see [Choosing a bus](../guide/choosing-a-bus.md)",
			takes: "a name of 1 to 255 characters that RabbitMQ may give to a queue",
			// Names that start with "amq." are RabbitMQ's own.
			pattern: /^(?!amq\.)[\x21-\x7e]{1,255}$/
		}),
		"`sse.send`, in a Moleculer namespace `sse.send.<namespace>`"
	),
	maxAge: whole({
		about:
			"milliseconds for which RabbitMQ keeps an event. It should be longer than the gateways' `history.maxAge`, " +
			"and than the longest outage of a gateway after which nothing may be missing",
		unit: "milliseconds",
		default: 3_600_000,
		min: 1000
	}),
	maxBytes: whole({
		about: "bytes that RabbitMQ keeps",
		unit: "bytes",
		default: 1_073_741_824,
		min: 65_536
	}),
	timeout: whole({
		about:
			"milliseconds within which RabbitMQ must confirm an event, see [Sending](../guide/sending.md#sending)",
		unit: "milliseconds",
		default: 5000,
		min: 100
	}),
	outbox: OUTBOX_OPTION,
	socketOptions: {
		...record({
			about: "TLS and socket options as for `tls.connect`: `ca`, `cert`, `key`, `servername`, …",
			default: {},
			takes: "an object of options for tls.connect"
		}),
		secret: true
	}
};

function isAmqpUrl(value: unknown): boolean {
	return typeof value === "string" && AMQP_URL.test(value) && URL.canParse(value);
}
