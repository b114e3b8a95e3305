import { duration, plain, size } from "./repl-table.ts";
import type { SseVerdictName } from "./why/verdict.ts";
import type { SseVerdict } from "./why/why.ts";

/** What each verdict means, in a clause. */
export const MEANINGS: Readonly<Record<SseVerdictName, string>> = {
	delivered: "it was written to the stream and has left the gateway's process",
	waits: "it, or what was written with it, waits until the client takes it",
	"no-stream": "the session had no stream here when it arrived",
	"not-addressed": "it was sent to other sessions",
	"not-subscribed": "the stream does not listen to its name",
	seen: "it was sent before the stream was opened, and the client came back with the id of a later event; only an earlier stream can have got it",
	refused: "the gateway refused it",
	dropped: "it waited for a slow client and was dropped as the oldest; sse.reset told the client",
	conflated: "it waited for a slow client, and a later event with the same key replaced it",
	gap: "it was sent but did not arrive here in time; sse.reset told the clients",
	reset: "it could not be replayed; sse.reset told the client",
	revoked:
		"the session was revoked before all that was written with it had left the gateway's process",
	"cut-off":
		"the stream ended before all that was written with it had left the gateway's process; the client gets it when it comes back, unless it has it",
	"not-here":
		"it has not arrived here: it was never sent, is on its way, or was lost and the loss is not noticed yet",
	"too-old":
		"nothing is known of it here any more: it was sent too long ago, or before the gateway started"
};

/** A verdict as one line of text. */
export function verdictText(verdict: SseVerdict): string {
	const { nodeID, service, openedAt, endedAt, at, behind, by, reason } = verdict;
	const stream =
		openedAt === null
			? ""
			: `, stream of ${time(openedAt)}${endedAt === null ? "" : `, ended ${time(endedAt)}`}`;
	const details = [
		at === undefined ? "" : `at ${time(at)}`,
		behind === undefined ? "" : `${size(behind)} unsent`,
		by === undefined ? "" : `by ${by}`,
		reason ?? ""
	].filter(Boolean);
	const detail = details.length === 0 ? "" : ` (${details.join(", ")})`;
	return plain(
		`${verdict.verdict}${detail}: ${MEANINGS[verdict.verdict] ?? "?"}. [${nodeID}, ${service}${stream}]`
	);
}

function time(at: number): string {
	return `${duration(Math.max(0, Date.now() - at))} ago`;
}
