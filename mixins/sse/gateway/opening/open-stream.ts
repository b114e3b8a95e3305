import { closeFrame } from "../../core/event/control-events.ts";
import { answerBriefly } from "../../http/answer.ts";
import { writeHead } from "../../http/head.ts";
import { sendAway } from "../request/response.ts";
import type { Ending, Opening, OpeningParts, OpeningStep } from "./opening.ts";
import { OPENING_STEPS } from "./opening-steps.ts";

/**
 * Takes an opening through the steps; if it passes them all, its stream begins.
 *
 * @param steps For tests.
 * @throws SseError if the request is refused; nothing has been written then.
 */
export async function openStream(
	opening: Opening,
	parts: OpeningParts,
	steps: readonly OpeningStep[] = OPENING_STEPS
): Promise<void> {
	for (const step of steps) {
		const answer = step(opening, parts);
		// An await where nothing is waited for would let other requests in between a check and what it is for.
		const ending = answer instanceof Promise ? await answer : answer;
		if (ending !== undefined) return conclude(ending, opening, parts);
	}
	parts.streams.begin(opening);
}

/** Answers a request that gets no stream. */
function conclude(
	ending: Ending,
	{ request, response, retry }: Opening,
	{ shutdown, compression }: OpeningParts
): void {
	switch (ending.by) {
		case "client":
			return;
		case "method":
			compression.negotiate(request, response);
			writeHead(response);
			response.end();
			return;
		case "shutdown":
			shutdown.sendOn(response);
			return;
		case "limit":
			sendAway(response, ending.sentAway);
			return;
		case "revocation":
			answerBriefly(response, closeFrame(ending.reason, retry));
	}
}
