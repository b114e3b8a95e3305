import type { ServiceBroker } from "moleculer";
import type { KeptEvent } from "../../core/history/event-store.ts";
import type { History } from "../../core/history/history.ts";
import { readClocks, wallOf } from "../../core/util/clock.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { SseSilentNode } from "../gateway-answers.ts";
import { gatewaysOf } from "../node-gateways.ts";
import { Params, required } from "../params.ts";
import {
	type JudgedEvent,
	type JudgedStream,
	type Judgement,
	judge,
	type SseVerdictName,
	toJudge
} from "./verdict.ts";

/** What `$sse.why` takes. */
export interface WhyParams {
	/** The event's id, as clients get it. */
	readonly event: string;
	/** A session id. */
	readonly session: string;
}

/** What became of the event on one stream of the session, or at a gateway where no stream of the session is known. */
export interface SseVerdict {
	readonly nodeID: string;
	/** Full name of the gateway's service. */
	readonly service: string;
	readonly verdict: SseVerdictName;
	/** When the stream opened, in milliseconds since 1970 by its gateway's clock; null = no stream. */
	readonly openedAt: number | null;
	/** When it ended; null while it is open, and without a stream. */
	readonly endedAt: number | null;
	/** Of `delivered`: when the stream was given the event; a slow client took it later. */
	readonly at?: number;
	/** Of `waits`: bytes that the client has not taken. */
	readonly behind?: number;
	/** Of `conflated`: the id of the event that replaced it, if that is still known. */
	readonly by?: string;
	/** Of `reset`, `cut-off`, `revoked` and `refused`: the reason, if there is one. */
	readonly reason?: string;
}

/** The answer of `$sse.why`. */
export interface SseWhy {
	readonly verdicts: readonly SseVerdict[];
	/** Gateways that did not answer; the session may have had streams there. */
	readonly silent: readonly SseSilentNode[];
}

/** Verdicts of one gateway, at most: a session may have a thousand streams. */
const MOST = 100;

/** @throws SseError `SSE_INVALID_REQUEST` */
export function readWhy(params: unknown): WhyParams {
	const given = new Params(params, ["event", "session"]);
	return {
		event: required(given.eventId("event"), "event"),
		session: required(given.session("session"), "session")
	};
}

/** The verdicts of this node's gateways. */
export function explain(broker: ServiceBroker, params: WhyParams): SseVerdict[] {
	return [...gatewaysOf(broker)].flatMap(([gateway, service]) =>
		verdictsOf(gateway, params).map(verdict => ({ nodeID: broker.nodeID, service, ...verdict }))
	);
}

export type Verdict = Omit<SseVerdict, "nodeID" | "service">;

export const NO_STREAM = { openedAt: null, endedAt: null };

/** The verdicts on an event, for the streams of a session at one gateway. */
export function verdictsOf(gateway: Gateway, { event: id, session }: WhyParams): Verdict[] {
	const event = gateway.fanOut.history?.eventOf(id);
	if (event === undefined) return [notKept(gateway, id)];
	return verdictsOn(gateway, event, streamsOf(gateway, session));
}

/** The verdict on an event that the gateway does not keep. */
export function notKept({ fanOut: { refused, history } }: Gateway, id: string): Verdict {
	const reason = refused.reasonFor(id);
	if (reason !== undefined) return { verdict: "refused", ...NO_STREAM, reason };
	const why = history?.whyNotKept(id) ?? "gone";
	const verdict = ({ gone: "too-old", gap: "gap", unknown: "not-here" } as const)[why];
	return { verdict, ...NO_STREAM };
}

/** The verdicts on an event that the gateway keeps, for the streams of a session. */
export function verdictsOn(
	gateway: Gateway,
	event: KeptEvent,
	streams: readonly JudgedStream[]
): Verdict[] {
	const judged = toJudge(event);
	const verdicts = streams.slice(-MOST).map(stream => verdictOn(gateway, judged, stream));
	const isForgotten = event.position < gateway.pastStreams.forgottenTo;
	if (isForgotten) verdicts.push({ verdict: "too-old", ...NO_STREAM });
	return verdicts.length > 0 ? verdicts : [{ verdict: "no-stream", ...NO_STREAM }];
}

/** The verdict on an event that the gateway keeps, for one stream. */
export function verdictOn(gateway: Gateway, event: JudgedEvent, stream: JudgedStream): Verdict {
	const judged = judge(stream, event, gateway.fanOut.history as History);
	return { ...timesOf(stream), ...written(judged, gateway) };
}

/** The streams of a session, open and ended, the first opened first. */
export function streamsOf({ streams, pastStreams }: Gateway, session: string): JudgedStream[] {
	const found: JudgedStream[] = [...streams.selectAll(session)];
	for (const stream of pastStreams) if (stream.sessionIds.includes(session)) found.push(stream);
	return found.sort((a, b) => a.openedAt - b.openedAt);
}

function timesOf({ openedAt, past }: JudgedStream): Pick<Verdict, "openedAt" | "endedAt"> {
	const endedAt = past?.ending?.at;
	return { openedAt: wall(openedAt), endedAt: endedAt === undefined ? null : wall(endedAt) };
}

/** A judgement as other nodes understand it: the gateway's monotonic clock and positions mean nothing there. */
function written(
	{ verdict, at, behind, by, reason }: Judgement,
	{ fanOut: { history } }: Gateway
): Pick<Verdict, "verdict" | "at" | "behind" | "by" | "reason"> {
	const later = by === undefined ? undefined : history?.eventAt(by)?.id;
	return {
		verdict,
		...(at !== undefined && { at: wall(at) }),
		...(behind !== undefined && { behind }),
		...(later !== undefined && { by: later }),
		...(reason !== undefined && { reason })
	};
}

/** Milliseconds since 1970 for a value of `performance.now()`, by the clock as it is set now. */
function wall(steady: number): number {
	return Math.round(wallOf(steady, readClocks()));
}
