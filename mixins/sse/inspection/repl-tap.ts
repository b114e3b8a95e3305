import type { ServiceBroker } from "moleculer";
import { tell } from "../moleculer/sender/repl.ts";
import { askEvents } from "./questions.ts";
import { type Keyboard, keyboardOf, onInterrupt } from "./repl-interrupt.ts";
import { plain, several, size } from "./repl-table.ts";
import type { ReplSyntax, ReplWords } from "./repl-words.ts";
import { runTap, Tap, type TapLook, type TappedEvent } from "./tap.ts";

export const TAP: ReplSyntax = {
	usage: "sse tap [eventName] [--payload]",
	words: [0, 1],
	flags: ["payload"]
};

/** Most characters of a payload that are shown. */
const LONGEST = 200;

/** `sse tap`: writes events as they arrive, until Ctrl-C. */
export async function tapEvents(
	broker: ServiceBroker,
	{ words: [event], flags }: ReplWords,
	keyboard: Keyboard | undefined = keyboardOf()
): Promise<string> {
	const end = new AbortController();
	const forget = keyboard && onInterrupt(keyboard, () => end.abort());
	const payload = flags.has("payload");
	tell(`Events${event === undefined ? "" : ` "${plain(event)}"`} as they come; Ctrl-C ends.`);
	try {
		const show = createShow();
		const tap = new Tap(since => askEvents(broker, { event, payload, since }));
		await runTap(broker, tap, end.signal, show);
	} finally {
		forget?.();
	}
	return "Ended.";
}

/** Writes what a look found. What could not be seen is written once. */
function createShow(): (look: TapLook) => void {
	const told = new Set<string>();
	const once = (text: string): void => {
		if (told.has(text)) return;
		told.add(text);
		tell(text);
	};
	return ({ events, skipped, blind, silent }) => {
		for (const event of events) tell(eventText(event));
		if (skipped > 0) tell(`… and ${skipped} more: too many to show.`);
		for (const nodeID of blind)
			once(plain(`'${nodeID}' keeps no history: what comes to it is not seen.`));
		for (const nodeID of silent) once(plain(`No answer from '${nodeID}'.`));
	};
}

function eventText({
	id,
	event,
	size: bytes,
	recipients,
	streams,
	gateways,
	payload
}: TappedEvent): string {
	const to = recipients === null ? "everyone" : several(recipients, "session");
	const line = `${id ?? "(no id)"}  ${event}  ${size(bytes)}  to ${to}, ${several(streams, "stream")} on ${several(gateways, "gateway")}`;
	if (payload === undefined) return plain(line);
	const shown = payload.length > LONGEST ? `${payload.slice(0, LONGEST)}…` : payload;
	return plain(`${line}  ${shown}`);
}
