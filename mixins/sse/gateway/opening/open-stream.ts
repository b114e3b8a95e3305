import { closeFrame } from "../../core/event/control-events.ts";
import type { RefusalReason } from "../../core/metrics/label-values.ts";
import { answerBriefly, answerForGood } from "../../http/answer.ts";
import { writeHead } from "../../http/head.ts";
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
	try {
		for (const step of steps) {
			const answer = step(opening, parts);
			// An await without anything to wait for would let other requests come between a check and what it protects.
			const ending = answer instanceof Promise ? await answer : answer;
			if (ending !== undefined) return conclude(ending, opening, parts);
		}
	} catch (error) {
		parts.refusals.failed(opening.request, error);
		throw error;
	}
	parts.streams.begin(opening);
}

/** The reason that counts for a request without a stream. */
const REASONS: Readonly<Record<Ending["by"], RefusalReason | undefined>> = {
	client: "gone",
	method: undefined,
	shutdown: "drain",
	limit: "limit",
	revocation: "revoked"
};

/** Answers a request that gets no stream. */
function conclude(
	ending: Ending,
	{ request, response, retry }: Opening,
	{ shutdown, compression, refusals }: OpeningParts
): void {
	const reason = REASONS[ending.by];
	if (reason !== undefined) refusals.count(request, reason);
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
			if (ending.sentAway === "for good") answerForGood(response);
			else answerBriefly(response, closeFrame("limit", ending.sentAway.retry));
			return;
		case "revocation":
			answerBriefly(response, closeFrame(ending.reason, retry));
	}
}
