import { noSession } from "../auth/auth-failures.ts";
import { drawRetry } from "../request/jitter.ts";
import { isProbe, readRequest } from "../request/request.ts";
import { isSettled } from "../request/settled.ts";
import { DRAIN_GRACE } from "../stop/shutdown.ts";
import { noTicket } from "../tickets/ticket-grants.ts";
import type { Ending, Opening, OpeningParts, OpeningStep } from "./opening.ts";

/**
 * The steps that a request passes on its way to a stream, in this order. Cheap ones come before those that ask the application.
 * Those that take something away (a ticket, another's stream) come when nothing else can end the opening any more.
 */
export const OPENING_STEPS: readonly OpeningStep[] = [
	readQuery,
	sendOnIfStopping,
	checkArrival,
	identify,
	authorize,
	// While the application was asked, all of this may have changed. From here on no step waits.
	checkExpiry,
	checkClient,
	sendOnIfStopping,
	checkRevocations,
	admit,
	answerHead,
	useTicket,
	replaceGhost
];

/** Reads what the request asks for. */
function readQuery(opening: Opening, { options }: OpeningParts): undefined {
	opening.query = readRequest(opening.request, opening.response, options, opening.ofAlias);
	opening.retry = drawRetry(options.retry);
}

/** Not a 503: a native EventSource never reconnects after one (WHATWG HTML, 9.2.3). */
function sendOnIfStopping(_: Opening, { shutdown }: OpeningParts): Ending | undefined {
	return shutdown.ended === undefined ? undefined : { by: "shutdown" };
}

/** Before the application is asked. */
function checkArrival({ request }: Opening, { limits }: OpeningParts): Ending | undefined {
	const sentAway = limits.arrive(request);
	return sentAway && { by: "limit", sentAway };
}

/** Finds out who the stream is for: by a ticket, or by `session`. */
async function identify(opening: Opening, { access }: OpeningParts): Promise<undefined> {
	const { request, response, query } = opening;
	const grant = await access.grant(request, response, query);
	opening.grant = grant;
	opening.subscription = { sessionIds: grant.session.ids, eventNames: query.eventNames };
}

/** Asks `authorize`. */
async function authorize(
	{ request, subscription }: Opening,
	{ access }: OpeningParts
): Promise<undefined> {
	const { sessionIds, eventNames } = subscription;
	await access.authorize({ sessionIds, eventNames, req: request });
}

/** Refuses a session that has ended. */
function checkExpiry({ grant }: Opening): undefined {
	if (grant.session.expiresAt <= Date.now()) throw noSession();
}

/** Gives up on a client that has left, or has been answered. */
function checkClient({ request, response }: Opening): Ending | undefined {
	return isSettled(request, response) ? { by: "client" } : undefined;
}

/** Ends an opening that was revoked since its session was proven. */
function checkRevocations({ pendingOpen, subscription, grant }: Opening): Ending | undefined {
	const revocation = pendingOpen.revokedBy(subscription, grant.provenAt);
	return revocation && { by: "revocation", reason: revocation.reason };
}

/** Checks the limits. */
function admit(opening: Opening, { limits }: OpeningParts): Ending | undefined {
	const isBack = opening.query.lastEventId !== undefined;
	const room = limits.admit(opening.request, opening.subscription, isBack);
	if ("sentAway" in room) return { by: "limit", sentAway: room.sentAway };
	opening.ghost = room.ghost;
	return undefined;
}

/** A HEAD has been judged like a GET, and gets no stream: it takes nothing away. */
function answerHead({ request }: Opening): Ending | undefined {
	return isProbe(request) ? { by: "method" } : undefined;
}

/** Uses up the ticket, so late that a client that is sent away can come back with it. */
function useTicket({ grant }: Opening): undefined {
	if (!grant.take()) throw noTicket();
}

/** Ends the stream that gives way. If its client is there after all, it comes back. */
function replaceGhost({ ghost }: Opening, { limits, options }: OpeningParts): undefined {
	if (ghost === undefined) return;
	limits.replace(ghost);
	ghost.end("limit", { grace: DRAIN_GRACE, retry: drawRetry(options.retry) });
}
