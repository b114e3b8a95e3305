import type { ServiceBroker } from "moleculer";
import { EVERYONE } from "../../core/addressing/session-id.ts";
import type { KeptEvent } from "../../core/history/event-store.ts";
import type { History } from "../../core/history/history.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { SseError } from "../../moleculer/sse-error.ts";
import { gatewaysOf } from "../node-gateways.ts";
import { Params } from "../params.ts";
import { showSession } from "../session-hash.ts";
import {
	addresses,
	type JudgedEvent,
	type JudgedStream,
	judge,
	type SseVerdictName,
	toJudge
} from "./verdict.ts";
import {
	NO_STREAM,
	notKept,
	streamsOf,
	type Verdict,
	verdictOn,
	verdictsOf,
	verdictsOn,
	type WhyParams
} from "./why.ts";

/** What is searched for: one of them, or both. */
export type FindParams = Partial<WhyParams>;

/** A verdict, and what it is about. */
export interface Finding extends Verdict {
	/** The event's id; null for an event without one. */
	readonly id: string | null;
	/** The event's name; null if the event is not kept. */
	readonly event: string | null;
	/** A session id of the stream: its hash, unless it was asked for; null without a stream. */
	readonly session: string | null;
}

/** What one gateway found. */
export interface GatewayFindings {
	readonly nodeID: string;
	/** Full name of its service. */
	readonly service: string;
	/** {@link MOST} at most: those that were not delivered first. */
	readonly findings: readonly Finding[];
	/** Number of verdicts by name, those that `findings` leaves out included. */
	readonly counts: Readonly<Counts>;
}

type Counts = Partial<Record<SseVerdictName, number>>;

/** Findings of one gateway. */
const MOST = 50;
/** Events of a session. */
const EVENTS = 20;

/** @throws SseError `SSE_INVALID_REQUEST` */
export function readFind(params: unknown): FindParams {
	const given = new Params(params, ["event", "session"]);
	const event = given.eventId("event");
	const session = given.session("session");
	if (event === undefined && session === undefined) {
		throw SseError.invalidRequest("session", "A search needs a session id, an event id, or both.");
	}
	return { ...(event !== undefined && { event }), ...(session !== undefined && { session }) };
}

/** Searches this node's gateways. */
export function findVerdicts(broker: ServiceBroker, params: FindParams): GatewayFindings[] {
	return [...gatewaysOf(broker)].map(([gateway, service]) => ({
		nodeID: broker.nodeID,
		service,
		...find(gateway, params)
	}));
}

type Found = Pick<GatewayFindings, "findings" | "counts">;

function find(gateway: Gateway, { event: id, session }: FindParams): Found {
	if (id === undefined) return counted(findSession(gateway, session as string));
	const event = gateway.fanOut.history?.eventOf(id);
	const about = { id, event: event?.eventName ?? null };
	if (session !== undefined) {
		const verdicts = verdictsOf(gateway, { event: id, session });
		return counted(verdicts.map(verdict => ({ ...about, session, ...verdict })));
	}
	if (event === undefined) return counted([{ ...about, session: null, ...notKept(gateway, id) }]);
	return findEvent(gateway, event);
}

/** The newest events for a session, the newest first. */
function findSession(gateway: Gateway, session: string): Finding[] {
	const { history } = gateway.fanOut;
	if (history === undefined) return [];
	const streams = streamsOf(gateway, session);
	return history.newestFor([session, EVERYONE], EVENTS).flatMap(event =>
		verdictsOn(gateway, event, streams).map(verdict => ({
			...aboutOf(event),
			session,
			...verdict
		}))
	);
}

/** The streams that an event was for, open and ended. There may be many: only those that are listed cost more than a look. */
function findEvent(gateway: Gateway, kept: KeptEvent): Found {
	const event = toJudge(kept);
	const counts: Counts = {};
	const delivered: JudgedStream[] = [];
	const others: JudgedStream[] = [];
	for (const streams of [gateway.pastStreams, gateway.streams]) {
		for (const stream of streams) {
			if (!addresses(stream, event)) continue;
			const { verdict } = judge(stream, event, gateway.fanOut.history as History);
			if (verdict === "no-stream") continue;
			counts[verdict] = (counts[verdict] ?? 0) + 1;
			const list = verdict === "delivered" ? delivered : others;
			if (list.length < MOST) list.push(stream);
		}
	}
	const about = aboutOf(event);
	const findings = [...others, ...delivered].slice(0, MOST).map(stream => ({
		...about,
		session: sessionOf(stream, event),
		...verdictOn(gateway, event, stream)
	}));
	if (findings.length > 0) return { findings, counts };
	return counted([{ ...about, session: null, verdict: "no-stream", ...NO_STREAM }]);
}

function counted(findings: readonly Finding[]): Found {
	const counts: Counts = {};
	for (const { verdict } of findings) counts[verdict] = (counts[verdict] ?? 0) + 1;
	return { findings: findings.slice(0, MOST), counts };
}

function aboutOf({ id, eventName }: KeptEvent): Pick<Finding, "id" | "event"> {
	return { id: id ?? null, event: eventName };
}

/** The session for which the stream got the event. */
function sessionOf({ sessionIds }: JudgedStream, { recipients }: JudgedEvent): string | null {
	const id = sessionIds.find(id => recipients.has(id)) ?? sessionIds[0];
	return id === undefined ? null : showSession(id, undefined);
}
