import type { ServiceBroker } from "moleculer";
import { SEND } from "../../core/event/event.ts";

/** What a command of moleculer-repl is told was typed: by commander, or by vorpal, which moleculer-repl was before 0.7. */
interface Typed {
	/** Commander's: the words as they were typed. */
	words?: readonly string[];
	/** Vorpal's: the same, by their names. */
	send?: string;
	sessionId?: string;
	eventName?: string;
	json?: readonly string[];
}

/** What commander hands to `parse`. */
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

/** Where brokers keep what belongs to their REPL: Moleculer 0.15 and 0.14, of which each knows its own alone. */
interface BrokerOptions {
	replOptions?: ReplOptions | Command[] | null;
	replCommands?: Command[] | null;
}

const COMMAND = "sse <send> <sessionId> <eventName> [json...]";
const USAGE = "Usage: sse send <sessionId> <eventName> [json]";

/** Brokers may share a command, and have contracts of their own. */
const textsOf = new WeakMap<ServiceBroker, ReadonlySet<string>>();

/**
 * Adds `sse send <sessionId> <eventName> [json]` to the broker's REPL. Unlike `broadcast`, it keeps
 * what was typed as text: the id `1e3` stays "1e3".
 *
 * @param texts The events that are texts: what was typed is their payload as it stands. Default: none.
 */
export function installReplCommand(
	broker: ServiceBroker,
	texts: ReadonlySet<string> = new Set()
): void {
	textsOf.set(broker, texts);
	const options = broker.options as BrokerOptions;
	options.replOptions ??= {};
	options.replCommands ??= [];
	// moleculer-repl also takes an array of commands in place of options.
	const commands = Array.isArray(options.replOptions)
		? options.replOptions
		: listOf(options.replOptions);
	for (const list of [commands, options.replCommands]) {
		// Brokers that were made from one options object share its list.
		if (!list.some(({ command }) => command === COMMAND)) list.push(createCommand());
	}
}

function listOf(options: ReplOptions): Command[] {
	options.customCommands ??= [];
	return options.customCommands;
}

function createCommand(): Command {
	return {
		command: COMMAND,
		description: "Send a Server-Sent Event to a session, or to everyone with '*'",
		options: [],
		// Negative numbers and the like are JSON, not options.
		allowUnknownOptions: true,
		parse(typed: TypedCommand | string, rest = ""): string | undefined {
			// Vorpal asks for a line to go on with; what stands behind two dashes it leaves as it is.
			if (typeof typed === "string") return `sse -- ${rest}`;
			typed.params = { words: typed.args };
			return undefined;
		},
		action(broker: ServiceBroker, typed: Typed): Promise<void> {
			const { words, send = "", sessionId = "", eventName = "", json = [] } = typed;
			return run(broker, words ?? [send, sessionId, eventName, ...json]);
		}
	};
}

async function run(broker: ServiceBroker, words: readonly string[]): Promise<void> {
	const [verb, sessionId, eventName, typed, ...rest] = words;
	const isText = textsOf.get(broker)?.has(eventName ?? "") === true;
	if (verb !== "send") return tell(`Unknown command "sse ${verb}". ${USAGE}`);
	if (rest.length > 0) {
		const what = isText ? "text" : "JSON";
		return tell(
			`Too many words. Put the ${what} in single quotes: '${[typed, ...rest].join(" ")}'`
		);
	}
	let payload: unknown = isText ? (typed ?? "") : {};
	if (typed !== undefined && !isText) {
		try {
			payload = JSON.parse(typed);
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			return tell(
				`The payload is not JSON: ${reason}. ` +
					`Put it in single quotes, as in: sse send ${sessionId} ${eventName} '{"message":"hi"}'`
			);
		}
	}
	try {
		await broker.broadcast(SEND, { eventName, sessionId, payload }, { throwError: true });
		tell(`Sent "${eventName}" to ${sessionId === "*" ? "everyone" : `session "${sessionId}"`}.`);
	} catch (error) {
		tell(`Not sent: ${error instanceof Error ? error.message : String(error)}`);
	}
}

function tell(text: string): void {
	console.log(text);
}
