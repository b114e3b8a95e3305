import type { ServiceBroker } from "moleculer";
import { EVERYONE } from "../core/addressing/session-id.ts";
import type { KeptEvent } from "../core/history/event-store.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gatewaysOf } from "./node-gateways.ts";
import { LONGEST_NAME, Params } from "./params.ts";

/** Which events that have come to a gateway. */
export interface EventsFilter {
	/** Of this name. */
	readonly event?: string | undefined;
	/** With their payloads, as far as {@link MAX_PAYLOAD}. */
	readonly payload?: boolean | undefined;
	/** Where the last look at each gateway ended, by {@link placeOf}; one that is not among them tells where it is. */
	readonly since: Readonly<Record<string, number>>;
}

/** An event that has come to a gateway. */
export interface GatewayEvent {
	/** Null for one without. */
	readonly id: string | null;
	readonly event: string;
	/** Bytes of its payload's JSON. */
	readonly size: number;
	/** Session ids that it is addressed to; null = everyone. */
	readonly recipients: number | null;
	/** Streams of this gateway that are open for it now. */
	readonly streams: number;
	/** Milliseconds since it came. */
	readonly age: number;
	/** Its JSON, or the beginning of it. */
	readonly payload?: string;
}

/** What has come to a gateway since the last look. */
export interface GatewayEvents {
	/** Of the gateway, and its life: what began anew has other positions. */
	readonly place: string;
	/** Where the next look begins; null without a history, which is all that knows the events. */
	readonly next: number | null;
	/** Events that are not shown, of any name, because there are too many, or because they are not kept any more. */
	readonly skipped: number;
	readonly events: readonly GatewayEvent[];
}

/** Events that are looked at in one look, at most. */
const MOST = 50;
/** Bytes of a payload that are shown. */
const MAX_PAYLOAD = 1024;

const decoder = new TextDecoder();

/** Reads the question. @throws SseError `SSE_INVALID_REQUEST` */
export function readEventsFilter(params: unknown): EventsFilter {
	const given = new Params(params, ["event", "payload", "since"]);
	const { since } = params as { since?: unknown };
	return {
		event: given.text("event", LONGEST_NAME),
		payload: given.flag("payload"),
		since: typeof since === "object" && since !== null ? (since as Record<string, number>) : {}
	};
}

/** What has come to the gateways of this node. */
export function recentEvents(broker: ServiceBroker, filter: EventsFilter): GatewayEvents[] {
	return [...gatewaysOf(broker)].map(([gateway, service]) =>
		eventsOf(gateway, `${broker.nodeID} ${broker.instanceID} ${service}`, filter)
	);
}

function eventsOf(
	gateway: Gateway,
	place: string,
	{ event: name, payload, since }: EventsFilter
): GatewayEvents {
	const { history } = gateway.fanOut;
	if (history === undefined) return { place, next: null, skipped: 0, events: [] };
	const next = history.head;
	const from = Object.hasOwn(since, place) ? Number(since[place]) : next;
	const kept = history.newestFrom(from, MOST);
	const shown = kept.filter(({ eventName }) => name === undefined || eventName === name);
	const events = shown.map(event => describe(event, gateway, payload === true));
	// Gaps and revocations have positions too: what is before the first that is shown was not all events.
	const first = kept[0]?.position ?? next;
	const skipped = kept.length < MOST ? 0 : Math.max(0, first - from);
	return { place, next, skipped, events };
}

function describe(event: KeptEvent, { streams }: Gateway, withPayload: boolean): GatewayEvent {
	const { id = null, eventName, sessionIds, json, at } = event;
	const isForAll = sessionIds[0] === EVERYONE;
	const open = streams.select(isForAll ? EVERYONE : sessionIds, eventName).size;
	return {
		id,
		event: eventName,
		size: json.byteLength,
		recipients: isForAll ? null : sessionIds.length,
		streams: open,
		age: Math.max(0, Math.round(performance.now() - at)),
		...(withPayload && { payload: decoder.decode(json.subarray(0, MAX_PAYLOAD)) })
	};
}
