import type { ServiceBroker } from "moleculer";
import { runSend } from "./repl-send.ts";

/** What moleculer-repl passes to a command: parsed by commander, or by vorpal before moleculer-repl 0.7. */
interface Typed {
	/** From commander: the words as they were typed. */
	all?: readonly string[];
	/** From vorpal: the same, by name. */
	verb?: string;
	words?: readonly string[];
}

/** What commander passes to `parse`. */
interface TypedCommand {
	args: string[];
	params?: Typed;
}

interface Command {
	command: string;
	[property: string]: unknown;
}

interface ReplOptions {
	customCommands?: Command[];
}

/** Where brokers keep the options of their REPL: Moleculer 0.15 and 0.14, each of which knows only its own. */
interface BrokerOptions {
	replOptions?: ReplOptions | Command[] | null;
	replCommands?: Command[] | null;
}

/** A verb: the second word of the command. */
export interface ReplVerb {
	/** How to type it, as in `sse send <sessionId> <eventName> [json]`. */
	readonly usage: string;
	/** What it does, in one line. */
	readonly about: string;
	/** @param words What was typed after the verb, as text. The verb itself reports what is wrong with them. */
	run(broker: ServiceBroker, words: readonly string[]): Promise<void> | void;
}

const COMMAND = "sse <verb> [words...]";

/** The verbs of a broker's REPL, by name. */
export type ReplVerbs = Readonly<Record<string, ReplVerb>>;

const SEND: ReplVerb = {
	usage: "sse send <sessionId> <eventName> [json]",
	about: "Send a Server-Sent Event to a session, or to everyone with '*'",
	run: (broker, words) => runSend(broker, words, textsOf.get(broker))
};

/** Brokers may share a command, and have different contracts. */
const textsOf = new WeakMap<ServiceBroker, ReadonlySet<string>>();

/**
 * Adds the command `sse` to the broker's REPL. Unlike `broadcast`, it keeps what was typed as text: the id `1e3` stays "1e3".
 *
 * @param more Verbs besides `send`.
 * @param texts Names of the events that are texts: what was typed is their payload. Default: none.
 */
export function installReplCommand(
	broker: ServiceBroker,
	more: ReplVerbs = {},
	texts: ReadonlySet<string> = new Set()
): void {
	textsOf.set(broker, texts);
	const options = broker.options as BrokerOptions;
	options.replOptions ??= {};
	options.replCommands ??= [];
	// moleculer-repl also accepts an array of commands in place of options.
	const commands = Array.isArray(options.replOptions)
		? options.replOptions
		: listOf(options.replOptions);
	for (const list of [commands, options.replCommands]) {
		// Brokers that were created from one options object share its list.
		if (!list.some(({ command }) => command === COMMAND)) {
			list.push(createCommand({ send: SEND, ...more }));
		}
	}
}

function listOf(options: ReplOptions): Command[] {
	options.customCommands ??= [];
	return options.customCommands;
}

function createCommand(verbs: ReplVerbs): Command {
	return {
		command: COMMAND,
		description: `${SEND.about}, and look into gateways: sse help`,
		options: [],
		// Negative numbers and the like are JSON, and each verb reads its own options.
		allowUnknownOptions: true,
		parse(typed: TypedCommand | string, rest = ""): string | undefined {
			// Vorpal asks for a line to continue with; it leaves what comes after two dashes unchanged.
			if (typeof typed === "string") return `sse -- ${rest}`;
			typed.params = { all: typed.args };
			return undefined;
		},
		async action(broker: ServiceBroker, { all, verb = "", words = [] }: Typed): Promise<void> {
			const [name = "", ...given] = all ?? [verb, ...words];
			const known = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
			if (known !== undefined) return known.run(broker, given);
			const lines = Object.values(verbs).map(({ usage, about }) => `  ${usage}\n      ${about}`);
			const unknown = name === "help" ? [] : [`Unknown command "sse ${name}".`];
			tell([...unknown, "Usage:", ...lines].join("\n"));
		}
	};
}

/** Writes a line to the user of the REPL. */
export function tell(text: string): void {
	console.log(text);
}
