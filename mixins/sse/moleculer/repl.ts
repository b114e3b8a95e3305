import type { ServiceBroker } from "moleculer";
import { SEND } from "../core/event.ts";

/** What commander gives a command of moleculer-repl: the words as they were typed. */
interface TypedCommand {
	args: string[];
	params?: { words: readonly string[] };
}

interface Command {
	command: string;
	[property: string]: unknown;
}

interface ReplOptions {
	customCommands?: Command[];
}

const COMMAND = "sse <send> <sessionId> <eventName> [json]";
const USAGE = "Usage: sse send <sessionId> <eventName> [json]";

/**
 * Adds `sse send <sessionId> <eventName> [json]` to the broker's REPL. Unlike `broadcast`, it keeps
 * what was typed as text: the id `1e3` stays "1e3".
 */
export function installReplCommand(broker: ServiceBroker): void {
	const options = broker.options as { replOptions?: ReplOptions | Command[] | null };
	options.replOptions ??= {};
	// moleculer-repl also takes an array of commands in place of options.
	const commands = Array.isArray(options.replOptions)
		? options.replOptions
		: listOf(options.replOptions);
	// Brokers that were made from one options object share its list.
	if (commands.some(command => command.command === COMMAND)) return;
	commands.push({
		command: COMMAND,
		description: "Send a Server-Sent Event to a session, or to everyone with '*'",
		options: [],
		// Negative numbers and the like are JSON, not options.
		allowUnknownOptions: true,
		parse(command: TypedCommand): void {
			command.params = { words: command.args };
		},
		action: (target: ServiceBroker, { words }: { words: readonly string[] }) => run(target, words)
	});
}

function listOf(options: ReplOptions): Command[] {
	options.customCommands ??= [];
	return options.customCommands;
}

async function run(broker: ServiceBroker, words: readonly string[]): Promise<void> {
	const [verb, sessionId, eventName, json, ...rest] = words;
	if (verb !== "send") return tell(`Unknown command "sse ${verb}". ${USAGE}`);
	if (rest.length > 0) {
		return tell(`Too many words. Put the JSON in single quotes: '${[json, ...rest].join(" ")}'`);
	}
	let payload: unknown = {};
	if (json !== undefined) {
		try {
			payload = JSON.parse(json);
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
