import type { ServiceBroker } from "moleculer";
import { EVERYONE } from "../core/addressing/session-id.ts";
import type { KeptEvent } from "../core/history/event-store.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { gatewaysOf } from "./node-gateways.ts";
import { LONGEST_NAME, Params } from "./params.ts";

/** Selects events that have arrived at a gateway. */
export interface EventsFilter {
	/** Only events of this name. */
	readonly event?: string | undefined;
	/** True: with their payloads, up to {@link MAX_PAYLOAD} bytes of each. */
	readonly payload?: boolean | undefined;
	/**
	 * Where the last look at each gateway ended, by {@link GatewayEvents.place}; a gateway without an entry only tells its
	 * position.
	 */
	readonly since: Readonly<Record<string, number>>;
}

/** An event that has arrived at a gateway. */
export interface GatewayEvent {
	/** Null for an event without an id. */
	readonly id: string | null;
	readonly event: string;
	/** Bytes of its payload's JSON. */
	readonly size: number;
	/** Number of session ids that it is addressed to; null = everyone. */
	readonly recipients: number | null;
	/** Number of this gateway's open streams that it is for. */
	readonly streams: number;
	/** Milliseconds since it arrived. */
	readonly age: number;
	/** Its JSON, or the beginning of it, if that was asked for. */
	readonly payload?: string;
}

/** The events that have arrived at a gateway since the last look. */
export interface GatewayEvents {
	/** Names the gateway and its life: after a restart, positions are different. */
	readonly place: string;
	/** Where the next look begins; null without a history, which is the only record of events. */
	readonly next: number | null;
	/** Events of any name that are left out because there are too many, kept or not; gaps and revocations may count as well. */
	readonly skipped: number;
	readonly events: readonly GatewayEvent[];
}

/** Most events of one look. */
const MOST = 50;
/** Most bytes of a payload that are shown. */
const MAX_PAYLOAD = 1024;

const decoder = new TextDecoder();

/** Reads the filter. @throws SseError `SSE_INVALID_REQUEST` */
export function readEventsFilter(params: unknown): EventsFilter {
	const given = new Params(params, ["event", "payload", "since"]);
	const { since } = (params ?? {}) as { since?: unknown };
	return {
		event: given.text("event", LONGEST_NAME),
		payload: given.flag("payload"),
		since: typeof since === "object" && since !== null ? (since as Record<string, number>) : {}
	};
}

/** The events that have arrived at this node's gateways since the last look. */
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
	// Another node may send anything.
	const last = Object.hasOwn(since, place) ? since[place] : next;
	const from = Number.isInteger(last) ? (last as number) : next;
	const kept = history.newestFrom(from, MOST);
	const shown = kept.filter(({ eventName }) => name === undefined || eventName === name);
	const events = shown.map(event => describe(event, gateway, payload === true));
	// Gaps and revocations have positions too, so this may exceed the number of events.
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
