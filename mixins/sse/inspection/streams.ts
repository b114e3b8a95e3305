import type { ServiceBroker } from "moleculer";
import type { Gateway } from "../gateway/gateway.ts";
import type { EventStream } from "../streams/event-stream.ts";
import type { StreamPhase } from "../streams/stream-phase.ts";
import type { SseSilentNode } from "./gateway-answers.ts";
import { gatewaysOf } from "./node-gateways.ts";
import { LONGEST_NAME, Params } from "./params.ts";
import { showSession } from "./session-hash.ts";

/** Selects streams; a stream must match every filter that is given. */
export interface StreamFilter {
	/** Only streams that answer to this session id. */
	readonly session?: string | undefined;
	/** Only streams that listen to this event name. */
	readonly event?: string | undefined;
	/** True: only streams whose clients have not taken everything. */
	readonly behind?: boolean | undefined;
	/** Most streams that are listed; all that match are counted. */
	readonly limit: number;
}

/** The parameters of `$sse.streams`. */
export type StreamsParams = Partial<StreamFilter>;

/** An open stream. */
export interface SseStream {
	readonly nodeID: string;
	/** Full name of the gateway's service. */
	readonly service: string;
	/** The session ids that it answers to, ten at most: hashes, except for the one that was asked for. */
	readonly sessions: readonly string[];
	/** The event names that it listens to, ten at most. */
	readonly eventNames: readonly string[];
	/** The number of all its session ids, and of all its event names. */
	readonly sessionCount: number;
	readonly eventNameCount: number;
	readonly phase: StreamPhase;
	/** Milliseconds since it was opened. */
	readonly age: number;
	/** Bytes that its client has not taken. */
	readonly unsent: number;
	readonly behind: boolean;
}

/** The answer of one gateway. */
export interface GatewayStreamList {
	readonly streams: readonly SseStream[];
	readonly total: number;
}

/** The answer of `$sse.streams`. */
export interface SseStreams extends GatewayStreamList {
	/** Number of streams that match; `streams` lists at most `limit` of them. */
	readonly total: number;
	/** Nodes with a gateway that did not answer. */
	readonly silent: readonly SseSilentNode[];
}

/** Streams that are listed by default, and at most. */
const LISTED = 100;
const MAX_LISTED = 1000;

/**
 * Reads what `$sse.streams` was called with.
 *
 * @throws SseError `SSE_INVALID_REQUEST`
 */
export function readFilter(params: unknown): StreamFilter {
	const given = new Params(params, ["session", "event", "behind", "limit"]);
	return {
		session: given.session("session"),
		event: given.text("event", LONGEST_NAME),
		behind: given.flag("behind"),
		limit: given.whole("limit", LISTED, 0, MAX_LISTED)
	};
}

/** Session ids, and event names, of a stream that are shown; it may have a hundred. */
const SHOWN = 10;

/** Lists the streams of this node's gateways. */
export function listStreams(broker: ServiceBroker, filter: StreamFilter): GatewayStreamList[] {
	return [...gatewaysOf(broker)].map(([gateway, service]) => {
		let total = 0;
		const streams: SseStream[] = [];
		for (const stream of streamsFor(gateway, filter)) {
			if (filter.behind === true && !stream.isBehind) continue;
			total++;
			if (streams.length < filter.limit) {
				streams.push({ nodeID: broker.nodeID, service, ...describe(stream, filter.session) });
			}
		}
		return { streams, total };
	});
}

function* streamsFor(
	{ streams }: Gateway,
	{ session, event }: StreamFilter
): Generator<EventStream> {
	for (const stream of session === undefined ? streams : streams.selectAll(session)) {
		if (event === undefined || stream.eventNames.includes(event)) yield stream;
	}
}

function describe(
	stream: EventStream,
	known: string | undefined
): Omit<SseStream, "nodeID" | "service"> {
	const { sessionIds, eventNames, phase, openedAt, unsent, isBehind: behind } = stream;
	return {
		// The id that was asked for comes first, so that it is shown.
		sessions: [...sessionIds]
			.sort((a, b) => Number(b === known) - Number(a === known))
			.slice(0, SHOWN)
			.map(id => showSession(id, known)),
		eventNames: eventNames.slice(0, SHOWN),
		sessionCount: sessionIds.length,
		eventNameCount: eventNames.length,
		phase,
		age: Math.max(0, Math.round(performance.now() - openedAt)),
		unsent,
		behind
	};
}

/** Combines the answers of the gateways. */
export function joinStreams(
	lists: readonly GatewayStreamList[],
	limit: number
): Pick<SseStreams, "streams" | "total"> {
	return {
		streams: lists.flatMap(({ streams }) => streams).slice(0, limit),
		total: lists.reduce((sum, { total }) => sum + total, 0)
	};
}
