import type { ServiceBroker } from "moleculer";
import { lineOf } from "../core/errors/guard.ts";
import { type ReplVerbs, tell } from "../moleculer/sender/repl.ts";
import type { SseClosed } from "./close.ts";
import type { SseSilentNode } from "./gateway-answers.ts";
import type { SseNode, SseNodes } from "./nodes.ts";
import { duration, plain, several, size, textTable } from "./repl-table.ts";
import { TAP, tapEvents } from "./repl-tap.ts";
import { verdictText } from "./repl-why.ts";
import { type ReplSyntax, type ReplWords, readWords } from "./repl-words.ts";
import type { SseStream, SseStreams } from "./streams.ts";
import type { SseWhy } from "./why/why.ts";

const NODES: ReplSyntax = { usage: "sse nodes" };
const STREAMS: ReplSyntax = {
	usage: "sse streams [--session id] [--event name] [--behind] [--limit n]",
	values: ["session", "event", "limit"],
	flags: ["behind"]
};
const WHY: ReplSyntax = { usage: "sse why <eventId> <sessionId>", words: [2, 2] };
const CLOSE: ReplSyntax = { usage: "sse close <sessionId> [reason]", words: [1, 2] };

/** The verbs of the REPL command `sse` that inspect gateways, from any node. */
export const INSPECTION_VERBS: ReplVerbs = {
	nodes: {
		usage: NODES.usage,
		about: "List the gateways, and how each is",
		run: verb(NODES, async broker => nodesText(await broker.call("$sse.nodes")))
	},
	streams: {
		usage: STREAMS.usage,
		about: "List open streams; session ids are shown as hashes",
		run: verb(STREAMS, async (broker, { values, flags }) => {
			const { session, event, limit } = values;
			const params = {
				...(session !== undefined && { session }),
				...(event !== undefined && { event }),
				...(flags.has("behind") && { behind: true }),
				...(limit !== undefined && { limit: Number(limit) })
			};
			return streamsText(await broker.call("$sse.streams", params));
		})
	},
	close: {
		usage: CLOSE.usage,
		about: "Revoke a session's streams, or all with '*'",
		run: verb(CLOSE, async (broker, { words: [session, reason] }) => {
			const params = { session, ...(reason !== undefined && { reason }) };
			return closedText(await broker.call("$sse.close", params));
		})
	},
	why: {
		usage: WHY.usage,
		about: "Say what became of an event on each stream of a session",
		run: verb(WHY, async (broker, { words: [event, session] }) => {
			const { verdicts, silent }: SseWhy = await broker.call("$sse.why", { event, session });
			return withSilent(verdicts.map(verdictText).join("\n"), silent);
		})
	},
	tap: {
		usage: TAP.usage,
		about: "Show events as they come, without their payloads unless asked; Ctrl-C ends",
		run: verb(TAP, (broker, words) => tapEvents(broker, words))
	}
};

/** A verb that parses its words, and writes the result or the fault. */
function verb(
	syntax: ReplSyntax,
	run: (broker: ServiceBroker, words: ReplWords) => Promise<string>
): (broker: ServiceBroker, typed: readonly string[]) => Promise<void> {
	return async (broker, typed) => {
		const words = readWords(typed, syntax);
		if (typeof words === "string") return tell(words);
		try {
			tell(await run(broker, words));
		} catch (error) {
			tell(plain(lineOf(error)));
		}
	};
}

function nodesText({ nodes, silent }: SseNodes): string {
	const head = ["node", "service", "version", "state", "streams", "sessions", "behind", "unsent"];
	const rows = nodes.map(node => [
		...[node.nodeID, node.service, node.version, stateOf(node)],
		...[node.streams, node.sessions, node.behind].map(String),
		size(node.unsent),
		node.history === null
			? "none"
			: `${several(node.history.events, "event")}, ${size(node.history.bytes)}, ${age(node.history.age)}`,
		node.bus === null
			? "none"
			: `${node.bus.kind}, ${node.bus.working ? "works" : "does not work"}`,
		age(node.bus?.lag ?? null)
	]);
	return withSilent(textTable([...head, "history", "bus", "lag"], rows), silent);
}

function stateOf({ ready, degraded }: SseNode): string {
	if (!ready) return "stopping";
	return degraded ? "degraded" : "ready";
}

function age(ms: number | null): string {
	return ms === null ? "-" : duration(ms);
}

function streamsText({ streams, total, silent }: SseStreams): string {
	const head = ["node", "service", "session", "events", "phase", "age", "unsent"];
	const rows = streams.map(stream => [
		...[stream.nodeID, stream.service],
		firstOf(stream.sessions, stream.sessionCount),
		firstOf(stream.eventNames, stream.eventNameCount),
		stream.phase,
		duration(stream.age),
		unsentOf(stream)
	]);
	const shown =
		streams.length < total
			? `${streams.length} of ${several(total, "stream")}.`
			: `${several(total, "stream")}.`;
	return withSilent(total === 0 ? shown : `${textTable(head, rows)}\n${shown}`, silent);
}

function unsentOf({ unsent, behind }: SseStream): string {
	return behind ? `${size(unsent)}, behind` : size(unsent);
}

function firstOf(shown: readonly string[], count: number): string {
	const [first = ""] = shown;
	return count > 1 ? `${first} +${count - 1}` : first;
}

function closedText({ closed, left, silent }: SseClosed): string {
	const still = `${several(left, "stream")} ${left === 1 ? "is" : "are"} still open, or open again`;
	return withSilent(`Closed ${several(closed, "stream")}.${left > 0 ? ` ${still}.` : ""}`, silent);
}

/** Names the nodes that did not answer: what is unknown must not look like nothing. */
function withSilent(text: string, silent: readonly SseSilentNode[]): string {
	const lines = silent.map(({ nodeID, reason, message }) => {
		const why = message === undefined ? reason : `${reason}: ${message}`;
		return plain(`No answer from '${nodeID}' (${why}).`);
	});
	return [text, ...lines].join("\n");
}
